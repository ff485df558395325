// Attention of every head over a window of text, drawn from the numbers that came with it.
{
  const NAMES = { "\n": "new line", " ": "space" };
  const name = (character) => NAMES[character] ?? character;
  const percent = (weight) => (weight >= 0.005 || weight === 0 ? `${Math.round(100 * weight)} %` : "less than 1 %");
  const back = (count) => (count ? `${count} back` : "itself");

  const unpacked = async (coded) => {
    const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // One view of one text; it lives as long as its section is on the page.
  const view = async (section, trigger) => {
    const { text, layers, heads, weights } = section.dataset;
    const characters = [...text];
    const T = characters.length;
    const roots = await unpacked(weights); // of the weights, times 255
    const part = (kind) => section.querySelector(`.${kind}`);
    let { here } = section.dataset;
    here = Number(here);
    let layer = 0;
    let head = 0;
    let cell = null; // of the large map: [row, column]

    const root = (row, column) => roots[((layer * heads + head) * T + row) * T + column];
    const weight = (row, column) => (root(row, column) / 255) ** 2;
    const sentence = (row, column) =>
      column > row
        ? `“${name(characters[row])}” cannot read “${name(characters[column])}”, ${column - row} later: masked`
        : `“${name(characters[row])}” reads “${name(characters[column])}”, ${back(row - column)}: ${percent(weight(row, column))}`;
    const tell = (words) => (part("told").textContent = words);
    const tellMost = () => {
      const order = characters.map((_, column) => column).slice(0, here + 1);
      order.sort((a, b) => root(here, b) - root(here, a));
      const most = order.slice(0, 3).map((column) => `“${name(characters[column])}” ${back(here - column)} ${percent(weight(here, column))}`);
      tell(`Block ${layer + 1}, head ${head + 1}: “${name(characters[here])}”, character ${here + 1}, reads most of ${most.join(", ")}.`);
    };

    const draw = (canvas, layer, head) => {
      canvas.width = canvas.height = T;
      const ink = getComputedStyle(section).color.match(/\d+/g).map(Number);
      const context = canvas.getContext("2d");
      const image = context.createImageData(T, T);
      const first = (layer * heads + head) * T * T;
      for (let i = 0; i < T * T; i++) image.data.set([ink[0], ink[1], ink[2], i % T > Math.floor(i / T) ? 28 : roots[first + i]], 4 * i);
      context.putImageData(image, 0, 0);
    };
    const place = (mark, top, left, height, width) =>
      Object.assign(mark.style, { top: `${(100 * top) / T}%`, left: `${(100 * left) / T}%`, height: `${(100 * height) / T}%`, width: `${(100 * width) / T}%` });

    const spans = characters.map((character, column) => {
      const span = document.createElement("span");
      span.textContent = character;
      if (character === "\n") span.className = "line-end";
      span.dataset.column = column;
      return span;
    });
    part("window").replaceChildren(...spans);
    const maps = Array.from({ length: layers * heads }, (_, number) => {
      const button = document.createElement("button");
      button.setAttribute("aria-label", `Block ${Math.floor(number / heads) + 1}, head ${(number % heads) + 1}`);
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => show(here, Math.floor(number / heads), number % heads));
      return button;
    });
    part("overview").style.setProperty("--heads", heads);
    part("overview").replaceChildren(...maps);
    maps.forEach((button, number) => draw(button.firstChild, Math.floor(number / heads), number % heads));

    const paint = () => {
      spans.forEach((span, column) => {
        span.classList.toggle("here", column === here);
        span.classList.toggle("later", column > here);
        span.style.setProperty("--weight", column < here ? `${Math.round(root(here, column) / 2.55)}%` : "0%");
      });
      maps.forEach((button, number) => button.setAttribute("aria-pressed", number === layer * heads + head));
      draw(part("large").querySelector("canvas"), layer, head);
      place(part("row"), here, 0, 1, here + 1);
      const box = part("window");
      const line = spans[here].offsetTop - box.offsetTop;
      if (line < box.scrollTop || line > box.scrollTop + box.clientHeight - 40) box.scrollTop = line - box.clientHeight / 2;
      part("cell").hidden = true;
      cell = null;
      tellMost();
    };
    const show = (newHere, newLayer = layer, newHead = head) => {
      [here, layer, head] = [Math.max(0, Math.min(T - 1, newHere)), newLayer, newHead];
      paint();
      trigger("select", { index: here, layer, head }); // the drawing of the machine comes from the server
    };
    const point = (row, column) => {
      cell = [row, column];
      part("cell").hidden = false;
      place(part("cell"), row, column, 1, 1);
      tell(sentence(row, column));
    };

    part("window").addEventListener("click", (event) => {
      const { column } = event.target.dataset;
      if (column !== undefined) show(Number(column));
    });
    part("window").addEventListener("mouseover", (event) => {
      const { column } = event.target.dataset;
      if (column !== undefined) tell(sentence(here, Number(column)));
    });
    part("window").addEventListener("mouseleave", tellMost);
    part("window").addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -T, End: T };
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(here + steps[event.key]);
    });
    const large = part("large");
    const under = (event) => {
      const box = large.getBoundingClientRect();
      const along = (at, start, size) => Math.max(0, Math.min(T - 1, Math.floor(((at - start) / size) * T)));
      return [along(event.clientY, box.top, box.height), along(event.clientX, box.left, box.width)];
    };
    large.addEventListener("mousemove", (event) => point(...under(event)));
    large.addEventListener("mouseleave", () => {
      part("cell").hidden = true;
      tellMost();
    });
    large.addEventListener("click", (event) => show(under(event)[0]));
    large.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      const [row, column] = cell ?? [here, here];
      if (event.key in steps) {
        const inside = (at) => Math.max(0, Math.min(T - 1, at));
        point(inside(row + steps[event.key][0]), inside(column + steps[event.key][1]));
      } else if (event.key === "Enter") show(row);
      else return;
      event.preventDefault();
    });
    paint();
  };

  window.tinygpt.heads = (element, trigger) => {
    const begin = () => {
      const section = element.querySelector(".inside:not([data-begun])");
      if (!section) return;
      section.dataset.begun = "";
      view(section, trigger);
    };
    new MutationObserver(begin).observe(element, { childList: true, subtree: true });
    begin();
  };
}

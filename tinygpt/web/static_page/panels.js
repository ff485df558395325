// The panels of tabs, of which one is shown.

// Open the panels of a list's tabs by a click. `onOpen` is called with the id of the one that is opened.
export const watchPanels = (list, onOpen) =>
  list.addEventListener("click", ({ target }) => {
    const tab = target.closest('[role="tab"]');
    if (!tab || tab.getAttribute("aria-selected") === "true") return;
    for (const each of list.querySelectorAll('[role="tab"]')) {
      panelOf(each).hidden = each !== tab;
      each.setAttribute("aria-selected", each === tab);
    }
    onOpen(panelOf(tab).id);
  });

const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

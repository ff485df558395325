// Keeps the files of the page in the browser, so that it opens at once, and without a network.
//
// The exporter fills in the version and the names. A page has the files of one version: a new one is fetched as a whole
// while the old one goes on, and takes its place once no page is open with that.

const VERSION = "$version";
const FILES = "$files".split(" "); // relative to this script; "./" is the document

const addressOf = (name) => new URL(name, self.registration.scope).href;
const ADDRESSES = new Set(FILES.map(addressOf));

// Caches belong to the whole site, which may hold several pages like this one.
const OURS = "tinygpt " + self.registration.scope + " ";
const CACHE = OURS + VERSION;

self.addEventListener("install", (event) => {
  // What the browser has of an earlier version counts only if the server says that it is still the same.
  const requests = [...ADDRESSES].map((address) => new Request(address, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

// Removes old versions, and answers from now on for a page that was opened before there was any.
const takeOver = async () => {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
};

// Answers for the listed files only: whatever else lies on the site is none of this script's business.
self.addEventListener("fetch", (event) => {
  const address = keptAddress(event.request.url);
  if (event.request.method === "GET" && address) event.respondWith(answer(event.request, address));
});

// Under which address the file that a URL means is kept, whatever its query; null for others.
const keptAddress = (url) => {
  const { origin, pathname } = new URL(url);
  const address = origin + pathname === addressOf("index.html") ? addressOf("./") : origin + pathname;
  return ADDRESSES.has(address) ? address : null;
};

const answer = async (request, address) => (await caches.match(address, { cacheName: CACHE })) ?? fetch(request);

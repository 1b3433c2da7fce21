// Follows the feed of every [data-live] element: server-sent events, and polling [data-poll] while they
// are silent or fail. Tells the element "live:news" (detail: what came, of kind [data-feed]: "board", a whole
// snapshot, or "event", one message) and "live:heard" (the server says that what is shown is current).
// Stands still while the page is hidden and makes up for it on return.
const SILENT_MS = 12000; // beats come every five seconds
const POLL_MS = [3000, 6000]; // spread, so that thousands do not ask together
const ASK_TIMEOUT_MS = 8000;
const FAILED_MS = [300, 2000];
const REOPEN_MS = [10000, 30000];
const between = ([least, most]) => least + Math.random() * (most - least);

const follow = (element) => {
  const kind = element.dataset.feed;
  const tell = (name, detail) => element.dispatchEvent(new CustomEvent(name, { detail }));
  let source, silence, poll, reopen;
  let last = Number(element.dataset.after || 0); // newest number of an event feed

  const heard = () => {
    clearTimeout(silence);
    clearTimeout(poll);
    silence = setTimeout(ask, SILENT_MS);
    tell("live:heard");
  };
  const take = (number, data) => {
    if (kind === "event") {
      if (number <= last) return;
      last = number;
    }
    tell("live:news", data);
  };
  const ask = async () => {
    clearTimeout(poll);
    poll = setTimeout(ask, between(POLL_MS));
    if (!source || source.readyState === EventSource.CLOSED) openLater();
    try {
      const url = kind === "event" ? `${element.dataset.poll}?after=${last}` : element.dataset.poll;
      const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (!answer.ok) return;
      const body = await answer.json();
      if (kind === "event") body.events.forEach((event) => take(event.number, event)); else take(0, body);
      tell("live:heard");
    } catch { /* no network: the page says how old it is, and we ask again */ }
  };
  const open = () => {
    clearTimeout(reopen);
    reopen = undefined;
    source?.close();
    source = new EventSource(kind === "event" ? `${element.dataset.live}?after=${last}` : element.dataset.live);
    source.addEventListener(kind, (frame) => { heard(); take(Number(frame.lastEventId), JSON.parse(frame.data)); });
    source.addEventListener("beat", heard);
    source.addEventListener("error", () => { clearTimeout(silence); silence = setTimeout(ask, between(FAILED_MS)); });
  };
  const openLater = () => { reopen ??= setTimeout(open, between(REOPEN_MS)); };
  const stop = () => {
    source?.close();
    source = undefined;
    [silence, poll, reopen].forEach(clearTimeout);
    reopen = undefined;
  };
  const start = () => { silence = setTimeout(ask, SILENT_MS); open(); };

  element.addEventListener("live:ask", ask);
  element.addEventListener("live:stop", () => { stop(); document.removeEventListener("visibilitychange", turn); });
  const turn = () => { if (document.hidden) stop(); else { start(); ask(); } };
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) turn(); });
  if (!document.hidden) start();
};
document.querySelectorAll("[data-live]").forEach(follow);

// Follows the feed of every [data-live] element: server-sent events, and polling [data-poll] while they
// are silent or fail. Tells the element "live:news" (detail: what came, of kind [data-feed]: "board", a whole
// snapshot, or "event", one message) and "live:heard" (the server says that what is shown is current).
// Stands still while the page is hidden and makes up for it on return. A board's updates hold numbers alone
// (livestreams/updates.py); with the line-up of [data-whole], or of the last poll, they make a whole snapshot.
const SILENT_MS = 12000; // beats come every five seconds
const POLL_MS = [3000, 6000]; // spread, so that thousands do not ask together
const ASK_TIMEOUT_MS = 8000;
const FIRST_MS = [3000, 5000]; // for what the channel gives who comes in
const REOPEN_MS = [500, 4000]; // a server that came back meets its viewers one by one
const REOPEN_LATER_MS = [10000, 30000];
const ASK_WHOLE_MS = [0, 1500];
const RENEW_MS = 45000;
const between = ([least, most]) => least + Math.random() * (most - least);

const follow = (element) => {
  const kind = element.dataset.feed;
  const tell = (name, detail) => element.dispatchEvent(new CustomEvent(name, { detail }));
  let source, silence, poll, reopen, missing;
  let failures = 0;
  let last = Number(element.dataset.after || 0); // newest number of an event feed
  let whole = element.dataset.whole ? JSON.parse(element.dataset.whole) : undefined;

  const complete = (update) => {
    if (!update.l) return update;
    if (!whole || (whole.v !== update.v && !update.f?.includes(whole.v))) return undefined;
    const { l, x, w, f, i, c, ...rest } = update;
    const known = new Map([...whole.o, ...(c || [])].map((offer) => [offer.i, offer]));
    const order = i || whole.o.map((offer) => offer.i);
    const o = order.map((id, at) => ({ ...known.get(id), l: l[at], x: x[at] === "-" ? undefined : x[at], w: w?.[at] }));
    return { ...whole, ...rest, o };
  };
  const heard = () => {
    clearTimeout(silence);
    clearTimeout(poll);
    failures = 0;
    silence = setTimeout(ask, SILENT_MS);
    tell("live:heard");
  };
  const take = (number, data) => {
    if (kind === "event") {
      if (number <= last) return;
      last = number;
      tell("live:news", data);
      return;
    }
    if (data.r < whole?.r) return; // an older answer came late; by number, for a clock may be set back
    const snapshot = complete(data);
    if (!snapshot) { missing = missing ?? setTimeout(ask, between(ASK_WHOLE_MS)); return; }
    if (snapshot.o) whole = snapshot;
    tell("live:news", snapshot);
  };
  const ask = async () => {
    [poll, missing].forEach(clearTimeout);
    missing = undefined;
    poll = setTimeout(ask, between(POLL_MS));
    if (!source) openLater(REOPEN_LATER_MS);
    try {
      const url = kind === "event" ? `${element.dataset.poll}?after=${last}` : element.dataset.poll;
      const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (!answer.ok) return;
      const body = await answer.json();
      if (body.live) element.dataset.live = body.live; // a console's address is good for two minutes
      if (kind === "event") body.events.forEach((event) => take(event.number, event)); else take(0, body);
      tell("live:heard");
    } catch { /* no network: the page says how old it is, and we ask again */ }
  };
  const open = () => {
    clearTimeout(reopen);
    reopen = undefined;
    source?.close();
    if (!window.EventSource) return; // polling alone, as when the channel is silent
    source = new EventSource(kind === "event" ? `${element.dataset.live}?after=${last}` : element.dataset.live);
    source.addEventListener(kind, (frame) => { heard(); take(Number(frame.lastEventId), JSON.parse(frame.data)); });
    source.addEventListener("beat", heard);
    source.addEventListener("error", fail);
  };
  const openLater = (wait) => { reopen = reopen ?? setTimeout(open, between(wait)); };
  const fail = () => {
    source?.close(); // the browser's own next try would come at the same moment as everybody's
    source = undefined;
    if (whole) whole.r = 0; // a database that was put back counts anew
    failures += 1;
    if (failures === 1) { openLater(REOPEN_MS); return; }
    openLater(REOPEN_LATER_MS);
    clearTimeout(silence);
    ask();
  };
  const stop = () => {
    source?.close();
    source = undefined;
    [silence, poll, reopen, missing].forEach(clearTimeout);
    reopen = missing = undefined;
    failures = 0;
  };
  const start = () => { silence = setTimeout(ask, between(FIRST_MS)); open(); };

  element.addEventListener("live:ask", ask);
  element.addEventListener("live:stop", () => { stop(); document.removeEventListener("visibilitychange", turn); });
  const turn = () => { if (document.hidden) stop(); else { start(); ask(); } };
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) turn(); });
  if (kind === "event") setInterval(() => { if (!document.hidden) ask(); }, RENEW_MS);
  if (!document.hidden) start();
};
document.querySelectorAll("[data-live]").forEach(follow);

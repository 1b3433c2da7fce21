// Counts down every <time data-ends-at="2026-11-21T20:15:00+07:00" data-now="…"> as m:ss or h:mm:ss.
// data-now is the server's clock when the answer was written; from then on the browser's own count of time
// is used, which no one can set, so a phone whose clock is wrong, or put right meanwhile, counts right. After
// a sleep that count cannot be trusted either: the words that stood there (a time of day) come back and
// "clock:unsure" asks for the server's clock; who has it answers with "clock:told" ({ detail: ISO time }).
// When the time is over, "countdown:over" is sent, [data-until-over] beside it is hidden and [data-when-over] shown.
const digits = (n) => String(n).padStart(2, "0");
const SLEPT_MS = 3000; // the two clocks of a browser drift apart by this only when it slept or was set
const answered = performance.getEntriesByType?.("navigation")[0]?.responseStart || performance.now();
let told; // { server, at }: the server's clock, and our own count when it was told
let isUnsure = false;
let wall = Date.now();
let own = performance.now();

const serverNow = (clock) => {
  if (told) return told.server + performance.now() - told.at;
  return clock.dataset.now ? Date.parse(clock.dataset.now) + performance.now() - answered : Date.now();
};
const tellOver = (clock) => {
  const box = clock.closest("[data-counts]");
  box?.querySelectorAll("[data-until-over]").forEach((part) => { part.hidden = true; });
  box?.querySelectorAll("[data-when-over]").forEach((part) => { part.hidden = false; });
  clock.dispatchEvent(new Event("countdown:over", { bubbles: true }));
};
const show = (clock) => {
  if (clock.dataset.words === undefined) clock.dataset.words = clock.textContent;
  if (clock.dataset.over) return;
  if (isUnsure && clock.dataset.words) { clock.textContent = clock.dataset.words; return; }
  const s = Math.max(0, Math.ceil((Date.parse(clock.dataset.endsAt) - serverNow(clock)) / 1000));
  const h = Math.floor(s / 3600);
  clock.textContent = h ? `${h}:${digits(Math.floor(s / 60) % 60)}:${digits(s % 60)}` : `${Math.floor(s / 60)}:${digits(s % 60)}`;
  clock.classList.toggle("is-over", s === 0);
  if (s === 0) {
    clock.dataset.over = "yes";
    tellOver(clock);
  }
};
const showAll = () => document.querySelectorAll("[data-ends-at]").forEach(show);
const doubt = () => {
  isUnsure = true;
  document.dispatchEvent(new Event("clock:unsure"));
};
const tick = () => {
  const drift = Math.abs(Date.now() - wall - (performance.now() - own));
  wall = Date.now();
  own = performance.now();
  if (drift > SLEPT_MS) doubt();
  showAll();
};
showAll();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
addEventListener("pageshow", (event) => { if (event.persisted) { doubt(); showAll(); } });
document.addEventListener("clock:told", (event) => {
  told = { server: Date.parse(event.detail), at: performance.now() };
  isUnsure = false;
  showAll();
});
document.addEventListener("page:changed", showAll);

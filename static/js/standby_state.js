// Keeps the page of a place in line right: asks [data-standby=URL] every few seconds, more slowly while the page is
// hidden, writes the place in, and loads the page anew when its version is no longer data-version. Says how old it is.
const SEEN_MS = [5000, 8000]; // spread, so that a long line does not ask together
const HIDDEN_MS = [20000, 30000];
const OVER_MS = [1000, 3000];
const STALE_S = 30;
const box = document.querySelector("[data-standby]");
const words = box.dataset;
const mark = document.documentElement.lang === "vi" ? "." : ",";
const digits = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, mark);
const between = ([least, most]) => least + Math.random() * (most - least);
const part = (name) => box.querySelector(`[data-${name}]`);
const write = (name, text) => { if (part(name) && part(name).textContent !== text) part(name).textContent = text; };
const tail = document.title.slice(document.title.indexOf(":"));
let heardAt = Date.now();
let timer;

const show = ({ place, waiting }) => {
  if (!place) return;
  const said = place === 1 ? words.wordsFirst : words.wordsPlace.replace("%s", digits(place));
  if (part("place").textContent !== said) write("said", said);
  write("place", said);
  part("waiting").hidden = waiting === 1;
  write("waiting", words.wordsWaiting.replace("%s", digits(waiting)));
  document.title = (place === 1 ? words.wordsTitleFirst : words.wordsTitle.replace("%s", digits(place))) + tail;
};
const ask = async () => {
  clearTimeout(timer);
  timer = setTimeout(ask, between(document.hidden ? HIDDEN_MS : SEEN_MS));
  try {
    const answer = await fetch(words.standby, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(8000) });
    if (!answer.ok) return;
    const state = await answer.json();
    heardAt = Date.now();
    document.dispatchEvent(new CustomEvent("clock:told", { detail: state.now }));
    if (state.version !== words.version) { if (!document.querySelector("dialog[open]")) location.reload(); } else show(state);
    tellAge();
  } catch { /* no network now: the page says how old it is, and asks again */ }
};
const tellAge = () => {
  if (!part("fresh")) return;
  const seconds = Math.floor((Date.now() - heardAt) / 1000);
  part("fresh").classList.toggle("is-stale", seconds > STALE_S);
  write("fresh", (seconds > STALE_S ? words.wordsStale : words.wordsFresh).replace("%s", digits(seconds)));
};
timer = setTimeout(ask, between(SEEN_MS));
tellAge();
setInterval(tellAge, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
document.addEventListener("clock:unsure", ask);
document.addEventListener("countdown:over", () => setTimeout(ask, between(OVER_MS)));
addEventListener("pageshow", (event) => { if (event.persisted) ask(); });

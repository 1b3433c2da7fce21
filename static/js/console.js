// The host console: orders tick in, numbers follow the board, and each press is sent with its own key until
// the server has answered, so that a bad line neither loses nor doubles it. Without this script the same
// buttons are plain forms. js/live.js brings news.
const STALE_S = 15;
const TRIES = 4;
const WAIT_MS = 2000;
const SEND_TIMEOUT_MS = 8000;
const TICKS = 8;
const FIGURES_MS = 5000;
const REST_MS = 700; // a second tap meant for the button before falls on nothing
const SAID_MS = 6000;
const COUNT_LATE_MS = 15000; // a tally follows its order within seconds
const box = document.querySelector("[data-console]");
const words = box.dataset;
const boardFeed = box.querySelector("[data-board-feed]");
const mark = document.documentElement.lang === "vi" ? "." : ",";
const digits = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, mark);
const part = (parent, name) => parent.querySelector(`[data-${name}]`);
const write = (target, text) => { if (target && target.textContent !== text) target.textContent = text; };
const later = (ms) => new Promise((done) => { setTimeout(done, ms); });
let sending = 0;
let drawnAs; // what the stage shows: changes when something other than a number does
const clocks = () => [Date.now(), performance.now()]; // one sleeps, one may be set: the longer age is true
let heardAt = clocks();
let chosen = "";
let asked = 0; // how often the stage was asked for: what comes after a newer one is old

// Actions
const send = async (form, body) => {
  for (let go = 1; go <= TRIES; go += 1) {
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
      if (answer.redirected) { location.reload(); return {}; } // signed out meanwhile
      if (answer.status < 500) {
        if (answer.headers.get("Content-Type")?.startsWith("application/json")) return await answer.json();
        location.reload(); // not ours to press any more: the page says why
        return {};
      }
    } catch { /* lost on the way: the same key makes the next try safe */ }
    write(part(form, "action-state"), words.wordsAgain);
    await later(WAIT_MS * go);
  }
  return null;
};
let saidTimer;
let lost = null; // the press that never got through; its button may be gone by now
const say = (text, tone) => {
  const line = part(box, "said");
  line.className = `stage__said stage__said--${tone}`;
  write(line, text);
  clearTimeout(saidTimer);
  if (tone === "done") saidTimer = setTimeout(write, SAID_MS, line, "");
};
const act = async (form) => {
  const state = part(form, "action-state");
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  form.className = "action is-sending";
  write(state, words.wordsSending);
  sending += 1;
  const chosenBefore = chosen;
  const answer = await send(form, new FormData(form));
  sending -= 1;
  button.removeAttribute("aria-disabled");
  form.className = `action ${answer?.done ? "is-done" : "is-failed"}`;
  write(state, answer ? "" : words.wordsFailed);
  lost = answer ? null : { action: form.getAttribute("action"), label: button.textContent.trim() };
  say(answer ? answer.done || answer.refused || "" : `${lost.label}: ${words.wordsFailed}`, answer && answer.done ? "done" : "failed");
  document.querySelector(".messages")?.remove(); // what the page began with is over
  if (answer?.done && chosen === chosenBefore) chosen = "";
  if (answer) await redraw();
};
box.addEventListener("submit", (event) => {
  if (event.target.dataset.action === undefined) return;
  event.preventDefault();
  act(event.target);
});
box.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-choose]");
  if (!link) return;
  event.preventDefault();
  chosen = link.search;
  redraw({ isChosen: true });
});

// The stage
const targets = () => [...box.querySelectorAll('[data-stage="bar"] form')].map((form) => form.getAttribute("action")).join();
const rest = () => box.querySelectorAll('[data-stage="bar"] button').forEach((button) => {
  button.setAttribute("aria-disabled", "true");
  setTimeout(() => button.removeAttribute("aria-disabled"), REST_MS);
});
// Focus stays where it was: on the same button, or on the one that came in its place
const spots = (stage) => [...stage.querySelectorAll("button, a")];
const purpose = (spot) => spot.form?.getAttribute("action") ?? (spot.dataset.choose === undefined ? spot.getAttribute("href") : "choose");
const focusIn = (spot) => {
  const stage = spot?.closest("[data-stage]");
  return stage && { name: stage.dataset.stage, at: spots(stage).indexOf(spot), purpose: purpose(spot) };
};
const giveBack = (focus) => {
  if (!focus) return;
  const there = spots(box.querySelector(`[data-stage="${focus.name}"]`));
  (there.find((spot) => purpose(spot) === focus.purpose) ?? there[focus.at] ?? there[there.length - 1])?.focus({ preventScroll: true });
};
const redraw = async ({ isChosen } = {}) => {
  if (sending) return;
  asked += 1;
  const number = asked;
  try {
    const answer = await fetch(location.pathname + chosen, { cache: "no-store", signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || !page.querySelector("[data-stage]")) { location.reload(); return; }
    if (sending || number !== asked) return;
    const before = targets();
    const focus = focusIn(document.activeElement);
    box.querySelectorAll("[data-stage]").forEach((old) => {
      const fresh = page.querySelector(`[data-stage="${old.dataset.stage}"]`);
      old.replaceChildren(...document.adoptNode(fresh).childNodes);
    });
    if (!isChosen && targets() !== before) rest();
    if (lost && !box.querySelector(`form[action="${lost.action}"]`)) { say(words.wordsLost.replace("%s", lost.label), "failed"); lost = null; }
    giveBack(focus);
  } catch { /* the next news asks again */ drawnAs = undefined; }
};
const isGone = (offer) => offer.x === "s" || offer.l === 0;
const signature = (board) => JSON.stringify([board.s, board.n, board.o.map((o) => [o.i, o.x, isGone(o), o.v, o.n])]);
const showLeft = (place, offer) => {
  const left = isGone(offer) ? 0 : offer.l;
  write(part(place, "left-count"), left ? words.wordsLeft.replace("%s", digits(left)) : words.wordsGone);
  const bar = part(place, "left-bar");
  if (!bar) { write(part(place, "left-of"), words.wordsOf.replace("%s", digits(offer.q))); return; }
  write(place.querySelector(".left .soft"), words.wordsOf.replace("%s", digits(offer.q)));
  bar.max = offer.q || 1;
  bar.value = left;
  bar.classList.toggle("bar--low", left * 5 <= offer.q);
};
const showLine = (place, offer) => {
  const line = part(place, "in-line");
  if (!line) return;
  line.hidden = !offer.w;
  write(line, words.wordsInLine.replace("%s", digits(offer.w || 0)));
};
const showUnsold = (place, offer) => {
  const unsold = part(place, "unsold");
  if (!unsold) return;
  unsold.hidden = offer.x !== "s" || !offer.l;
  write(unsold, words.wordsUnsold.replace("%s", digits(offer.l)));
};
boardFeed.addEventListener("live:news", async ({ detail: board }) => {
  if (board.s !== words.stageOf) { location.reload(); return; }
  const shown = signature(board);
  if (shown !== drawnAs) await redraw(); // the first time too: much may have changed since the page was made
  drawnAs = shown;
  board.o.forEach((offer) => box.querySelectorAll(`[data-offer="${offer.i}"]`).forEach((place) => { showLeft(place, offer); showLine(place, offer); showUnsold(place, offer); }));
});

// Orders and figures
box.addEventListener("live:news", ({ detail: event }) => {
  if (event.topic !== "orders.order.placed") { askFigures(); return; }
  orderedAt = Date.now();
  const tick = part(box, "blank-tick").content.firstElementChild.cloneNode(true);
  write(part(tick, "tick-code"), event.code);
  write(part(tick, "tick-lines"), event.lines.map((line) => `${line.live_code} × ${line.quantity}`).join(", "));
  write(part(tick, "tick-province"), event.province || "");
  write(part(tick, "tick-total"), `${digits(event.total_vnd)}\u00a0₫`);
  const last = part(box, "last-tick");
  last.replaceChildren(Object.assign(document.createElement("b"), { textContent: part(tick, "tick-lines").textContent }), ` · ${part(tick, "tick-total").textContent}`);
  const ticks = part(box, "ticks");
  ticks.prepend(tick);
  while (ticks.children.length > TICKS) ticks.lastElementChild.remove();
  part(box, "no-ticks").hidden = true;
  askFigures();
});
let figuresTimer, countedAt;
let orderedAt = 0;
const askFigures = () => { figuresTimer = figuresTimer ?? setTimeout(showFigures, 1000); };
const showMoney = (money) => {
  const link = box.querySelector("[data-words-money]");
  if (!link) return;
  link.parentElement.hidden = !money?.count && !money?.said_count;
  const said = box.querySelector("[data-words-said]");
  said.hidden = !money?.said_count;
  if (money?.said_count) write(said, said.dataset.wordsSaid.replace("%s", digits(money.said_count)));
  if (money?.count) write(link, link.dataset.wordsMoney.replace("%s", digits(money.count)).replace("%v", `${digits(money.amount_vnd)}\u00a0₫`));
};
const showFigures = async () => {
  clearTimeout(figuresTimer);
  figuresTimer = undefined;
  if (!words.figuresUrl || document.hidden) return;
  try {
    const answer = await fetch(words.figuresUrl, { cache: "no-store", signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
    if (!answer.ok) return;
    const { total, money } = await answer.json();
    write(box.querySelector('[data-figure="orders"]'), digits(total.order_count));
    write(box.querySelector('[data-figure="units"]'), digits(total.unit_count));
    write(box.querySelector('[data-figure="goods"]'), `${digits(total.goods_vnd)}\u00a0₫`);
    countedAt = total.counted_at ? Date.now() - total.age_s * 1000 : undefined;
    part(box, "figures").hidden = false;
    showMoney(money);
  } catch { /* the age beside the figures says so */ }
};
const tellAge = () => {
  const seconds = Math.floor(Math.max(...clocks().map((now, at) => now - heardAt[at])) / 1000);
  const fresh = part(box, "fresh");
  fresh.classList.toggle("is-stale", seconds > STALE_S);
  write(fresh, (seconds > STALE_S ? words.wordsStale : words.wordsFresh).replace("%s", digits(seconds)));
  if (!countedAt) return;
  const isLate = orderedAt > countedAt && Date.now() - orderedAt > COUNT_LATE_MS;
  const age = part(box, "figures-age");
  age.classList.toggle("is-stale", isLate);
  write(age, (isLate ? words.wordsLate : words.wordsAge).replace("%s", digits(Math.max(0, Math.floor((Date.now() - countedAt) / 1000)))));
};
[box, boardFeed].forEach((feed) => feed.addEventListener("live:heard", () => { heardAt = clocks(); }));
showFigures();
setInterval(showFigures, FIGURES_MS);
tellAge();
setInterval(tellAge, 1000);

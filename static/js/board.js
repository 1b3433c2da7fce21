// Keeps a [data-board] page like the session's board: js/live.js brings snapshots (livestreams/board.py
// tells what their letters mean), this changes words and moves cards. Says truthfully how old it is.
const STALE_S = 15;
const board = document.querySelector("[data-board]");
const words = board.dataset;
const mark = document.documentElement.lang === "vi" ? "." : ",";
const digits = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, mark);
const part = (card, name) => card.querySelector(`[data-${name}]`);
const write = (box, text) => { if (box.textContent !== text) box.textContent = text; };
let nowId = Number(words.nowId) || null;
// One clock stands still while the device sleeps, the other may be set: the longer age is the true one
const clocks = () => [Date.now(), performance.now()];
let heardAt = clocks();

const isGone = (offer) => offer.x === "s" || offer.l === 0;
const arrange = ({ n, o: offers }) => {
  const now = offers.findIndex((offer) => offer.i === n);
  const next = now < 0 ? undefined : offers.slice(now + 1).find((offer) => !isGone(offer));
  const rest = offers.filter((offer) => offer.i !== n && offer !== next);
  return {
    now: offers.slice(now, now < 0 ? 0 : now + 1),
    next: next ? [next] : [],
    others: rest.filter((offer) => !offer.x && !isGone(offer)),
    waiting: rest.filter((offer) => offer.x === "w" && !isGone(offer)),
    gone: rest.filter(isGone),
  };
};

const pictureOf = (offer) => {
  if (offer.k) {
    const picture = new Image(320, 320);
    const file = `${words.mediaUrl}pictures/${offer.k.slice(0, 2)}/${offer.k}`;
    picture.onerror = () => { picture.onerror = null; picture.src = `${file}-640.jpg`; }; // Safari 13
    picture.src = `${file}-320.webp`;
    picture.alt = "";
    picture.loading = "lazy";
    return picture;
  }
  const sign = document.createElement("span");
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const use = document.createElementNS(ns, "use");
  sign.className = "crop-sign";
  sign.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 64 64");
  use.setAttribute("href", `${words.signsUrl}#${offer.g}`);
  svg.append(use);
  sign.append(svg);
  return sign;
};
const newCard = (offer) => {
  const card = board.querySelector("[data-blank]").content.firstElementChild.cloneNode(true);
  card.id = `offer-${offer.i}`;
  card.dataset.offer = offer.i;
  part(card, "order").href = words.orderUrl + offer.i;
  part(card, "standby").href = words.standbyUrl.replace(/0\/$/, `${offer.i}/`);
  card.querySelector(".offer__media").append(pictureOf(offer));
  card.classList.add("is-new");
  return card;
};
const showLeft = (card, offer) => {
  const left = isGone(offer) ? 0 : offer.l;
  const few = left * 5 <= offer.q;
  const box = part(card, "left");
  box.classList.toggle("left--none", left === 0);
  box.classList.toggle("left--low", left > 0 && few);
  write(part(card, "left-count"), left ? words.wordsLeft.replace("%s", digits(left)) : words.wordsGone);
  write(box.querySelector(".soft"), words.wordsOf.replace("%s", digits(offer.q)));
  const bar = part(card, "left-bar");
  bar.max = offer.q || 1;
  bar.value = left;
  bar.classList.toggle("bar--low", few);
};
const showLine = (card, offer) => {
  part(card, "standby").hidden = !isGone(offer);
  write(part(card, "standby-what"), ` ${offer.c} ${offer.n}`);
  part(card, "in-line").hidden = !offer.w;
  write(part(card, "in-line"), words.wordsInLine.replace("%s", digits(offer.w || 0)));
};
const showOffer = (card, offer, names, isNow) => {
  card.classList.toggle("offer--now", isNow);
  card.classList.toggle("offer--gone", isGone(offer));
  write(part(card, "code"), offer.c);
  write(part(card, "name"), offer.n);
  write(part(card, "coop"), names[offer.c[0]] || "");
  write(part(card, "price"), `${digits(offer.v)}\u00a0₫`);
  write(part(card, "pack"), offer.p);
  part(card, "waiting").hidden = offer.x !== "w";
  part(card, "more").hidden = offer.x === "w";
  const order = part(card, "order");
  order.hidden = Boolean(offer.x) || offer.l === 0;
  order.classList.toggle("btn--main", isNow);
  order.classList.toggle("btn--large", isNow);
  write(part(card, "order-what"), ` ${offer.c} ${offer.n}`);
  showLine(card, offer);
  showLeft(card, offer);
};
const place = (name, cards) => {
  const box = board.querySelector(`[data-place="${name}"]`);
  cards.forEach((card, index) => { if (box.children[index] !== card) box.insertBefore(card, box.children[index] || null); });
  const group = board.querySelector(`[data-group="${name}"]`);
  if (group) group.hidden = !cards.length;
};
const announce = (snapshot) => {
  if (snapshot.n === nowId) return;
  nowId = snapshot.n;
  const offer = snapshot.o.find(({ i }) => i === nowId);
  if (!offer) return;
  write(part(board, "said"), `${words.wordsNow}: ${offer.c}, ${offer.n}, ${digits(offer.v)} ₫, ${words.wordsLeft.replace("%s", digits(offer.l))}`);
  const card = document.getElementById(`offer-${nowId}`);
  card.classList.remove("is-new");
  requestAnimationFrame(() => card.classList.add("is-new"));
};
const show = (snapshot) => {
  if (snapshot.s !== "live") {
    part(board, "over").hidden = false;
    part(board, "chip-over").hidden = false;
    [part(board, "chip-live"), part(board, "goods")].forEach((gone) => { gone.hidden = true; });
    board.querySelectorAll("[data-order], [data-standby]").forEach((order) => { order.hidden = true; });
    board.dispatchEvent(new Event("live:stop"));
    part(board, "fresh").hidden = true;
    return;
  }
  write(board.querySelector("h1"), snapshot.t);
  const focused = document.activeElement;
  const known = new Map([...board.querySelectorAll("[data-offer]")].map((card) => [Number(card.dataset.offer), card]));
  for (const [name, offers] of Object.entries(arrange(snapshot))) {
    place(name, offers.map((offer) => {
      const card = known.get(offer.i) || newCard(offer);
      known.delete(offer.i);
      showOffer(card, offer, snapshot.h, name === "now");
      return card;
    }));
  }
  known.forEach((card) => card.remove());
  part(board, "none").hidden = snapshot.o.some(({ i }) => i === snapshot.n);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  announce(snapshot);
  document.dispatchEvent(new Event("page:changed"));
};
const tellAge = () => {
  const seconds = Math.floor(Math.max(...clocks().map((now, at) => now - heardAt[at])) / 1000);
  const fresh = part(board, "fresh");
  const isStale = seconds > STALE_S;
  fresh.classList.toggle("is-stale", isStale);
  write(fresh, (isStale ? words.wordsStale : words.wordsFresh).replace("%s", digits(seconds)));
};
board.addEventListener("live:news", ({ detail }) => show(detail));
board.addEventListener("live:heard", () => { heardAt = clocks(); tellAge(); });
tellAge();
setInterval(tellAge, 1000);

// Counts down every <time data-ends-at="2026-11-21T20:15:00+07:00" data-now="…"> as m:ss or h:mm:ss.
// data-now is the server's clock when the page was drawn, so a phone with a wrong clock counts right.
const drawn = Date.now();
const digits = (n) => String(n).padStart(2, "0");
const show = (clock) => {
  const now = clock.dataset.now ? Date.parse(clock.dataset.now) + Date.now() - drawn : Date.now();
  const s = Math.max(0, Math.ceil((Date.parse(clock.dataset.endsAt) - now) / 1000));
  const h = Math.floor(s / 3600);
  clock.textContent = h ? `${h}:${digits(Math.floor(s / 60) % 60)}:${digits(s % 60)}` : `${Math.floor(s / 60)}:${digits(s % 60)}`;
  clock.classList.toggle("is-over", s === 0);
  if (s === 0 && !clock.dataset.over) {
    clock.dataset.over = "yes";
    clock.dispatchEvent(new Event("countdown:over", { bubbles: true }));
  }
};
const showAll = () => document.querySelectorAll("[data-ends-at]").forEach(show);
showAll();
setInterval(showAll, 1000);
document.addEventListener("page:changed", showAll);

// Leads back to one's place in a line from the form of the same line, on this device only: the page of the place
// ([data-standby-keep]) notes its link while the buyer has asked this device to remember (js/remember.js), a
// place that is over (data-standby-done) forgets it, and the form (data-standby-kept) shows it.
const KEY = "standby:";
const CONSENT = "remember:buyer";
const find = (name) => document.querySelector(`[data-standby-${name}]`);
try {
  const [kept, keep, done] = ["kept", "keep", "done"].map(find);
  if (keep && localStorage.getItem(CONSENT)) localStorage.setItem(KEY + keep.dataset.standbyKeep, location.pathname);
  if (done) localStorage.removeItem(KEY + done.dataset.standbyDone);
  const path = kept && localStorage.getItem(CONSENT) && localStorage.getItem(KEY + kept.dataset.standbyKept);
  if (path) {
    kept.querySelector("a").href = path;
    kept.hidden = false;
  }
} catch { /* private mode: nothing is kept */ }

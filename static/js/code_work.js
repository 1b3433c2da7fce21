// Tells on [data-code-work] how far a worker is with the co-op's origin codes. Hidden while there is nothing to tell.
const BUSY_MS = 2000;
const QUIET_MS = 20000;
const TIMEOUT_MS = 8000;
const UNDER_WAY = ["waiting", "drawing"];

const draw = (box, batches) => {
  const blank = box.querySelector("template").content.firstElementChild;
  box.querySelector("ul").replaceChildren(...batches.map((batch) => {
    const row = blank.cloneNode(true);
    const link = row.querySelector("a");
    link.textContent = batch.name;
    if (batch.url) link.href = batch.url;
    row.querySelector("span").textContent = batch.words;
    const bar = row.querySelector("progress");
    bar.max = batch.quantity;
    bar.value = batch.done;
    bar.hidden = !UNDER_WAY.includes(batch.state);
    return row;
  }));
  box.hidden = !batches.length;
};

const follow = async (box) => {
  let pause = QUIET_MS;
  try {
    if (!document.hidden) {
      const answer = await fetch(box.dataset.codeWork, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { batches } = await answer.json();
      draw(box, batches);
      if (batches.some((batch) => UNDER_WAY.includes(batch.state))) pause = BUSY_MS;
    }
  } catch { /* no network: the page says so, and we ask again */ }
  setTimeout(follow, pause, box);
};

document.querySelectorAll("[data-code-work]").forEach(follow);

// Follows long work: asks [data-progress] for its state every second and reloads once it is done.
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const show = (box, state) => {
  box.querySelector("progress").value = state.done;
  box.querySelector("[data-progress-done]").textContent = state.done.toLocaleString(document.documentElement.lang);
  box.querySelector("[data-progress-words]").textContent = state.words;
};

const follow = async (box) => {
  for (let pause = 1000; ; pause = Math.min(pause * 1.2, 5000)) {
    await wait(pause);
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      const state = await answer.json();
      show(box, state);
      if (state.state === "ready" || state.state === "failed") return location.reload();
    } catch {
      pause = 5000; // no network: ask again, more slowly
    }
  }
};

document.querySelectorAll("[data-progress]").forEach(follow);

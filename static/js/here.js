// On a phone the row of a desk's links is wider than the screen: bring the one we are at into view.
const row = document.querySelector(".side__nav");
const here = row?.querySelector("[aria-current]");
if (here) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;

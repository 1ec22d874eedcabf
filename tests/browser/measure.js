// Finds what overlaps in a drawing, as this browser lays it out, and writes it into the page.
(() => {
  const svg = document.querySelector("svg.azsec");
  const origin = svg.getBoundingClientRect();
  const found = [];
  const box = (element) => {
    const r = element.getBoundingClientRect();
    const words = element.textContent || element.parentNode.textContent.trim().slice(0, 60);
    return {
      element, words,
      x: r.left - origin.left, y: r.top - origin.top,
      right: r.right - origin.left, bottom: r.bottom - origin.top,
    };
  };
  const meets = (a, b) => a.x < b.right - 0.5 && b.x < a.right - 0.5 && a.y < b.bottom - 0.5 && b.y < a.bottom - 0.5;
  const holds = (a, b) => a.x <= b.x + 0.5 && a.y <= b.y + 0.5 && a.right >= b.right - 0.5 && a.bottom >= b.bottom - 0.5;
  const rects = [...svg.querySelectorAll("g:not(.legend) > rect")].map(box);
  const texts = [...svg.querySelectorAll("text")].map(box);
  const paper = box(svg.querySelector(".paper"));
  for (const text of texts) {
    const home = rects.find((rect) => rect.element.parentNode === text.element.parentNode);
    if (!holds(home || paper, text)) found.push(`outside of its box: ${text.words}`);
    for (const rect of rects)
      if (meets(rect, text) && !holds(rect, text)) found.push(`a box crosses: ${text.words}`);
  }
  const pairs = (items, tell) => items.forEach((a, i) => items.slice(i + 1).forEach((b) => tell(a, b)));
  pairs(texts, (a, b) => meets(a, b) && found.push(`texts overlap: ${a.words} / ${b.words}`));
  pairs(rects, (a, b) => meets(a, b) && !holds(a, b) && !holds(b, a) && found.push(`boxes overlap: ${a.words} / ${b.words}`));
  const nodes = rects.filter((rect) => rect.element.parentNode.classList.contains("node"));
  let lines = 0;
  for (const path of svg.querySelectorAll(".edge:not(.legend) > path")) {
    lines += 1;
    let [x, y] = [0, 0];
    for (const [, step, one, two] of path.getAttribute("d").matchAll(/([MHV])(-?\d+)(?: (-?\d+))?/g)) {
      const [toX, toY] = step === "M" ? [+one, +two] : step === "H" ? [+one, y] : [x, +one];
      if (step !== "M") {
        const line = {
          x: Math.min(x, toX) - 0.6, right: Math.max(x, toX) + 0.6,
          y: Math.min(y, toY) - 0.6, bottom: Math.max(y, toY) + 0.6,
        };
        const told = path.parentNode.textContent;
        for (const text of texts) if (meets(line, text)) found.push(`a line crosses a text: ${told} / ${text.words}`);
        for (const node of nodes) {
          const inner = { x: node.x + 2, right: node.right - 2, y: node.y + 2, bottom: node.bottom - 2 };
          if (meets(line, inner)) found.push(`a line crosses a box: ${told} / ${node.words}`);
        }
        if (!holds(paper, line)) found.push(`a line leaves the drawing: ${told}`);
      }
      [x, y] = [toX, toY];
    }
  }
  const size = getComputedStyle(svg.querySelector(".name")).fontSize;
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify({ found, boxes: rects.length, texts: texts.length, lines, size });
  document.body.append(out);
})();

/* The live half of aelib.explorer: one function, called once for each element with what Python packed for it.
   No library and no network. Without it the element keeps its static picture. */
(function (spec) {
  "use strict";
  const figure = document.querySelector(`figure[data-aelib-explorer="${spec.id}"]:not([data-ready])`);
  if (!figure) return;
  figure.dataset.ready = "";

  // ---- The decoder: dense layers, weights stored as integers with one scale for each unit.

  function bytes(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
  }

  const layers = spec.layers.map((layer) => {
    const integers = new (layer.bits === 8 ? Int8Array : Int16Array)(bytes(layer.weights));
    const scales = new Float32Array(bytes(layer.scales));
    const inputs = integers.length / scales.length;
    // Unit by unit, so that a unit's weighted sum reads its weights in a row.
    const weights = Float32Array.from(integers, (value, index) => value * scales[Math.floor(index / inputs)]);
    return { inputs, weights, biases: new Float32Array(bytes(layer.biases)), activation: layer.activation };
  });

  const activations = {
    linear: (a) => a,
    relu: (a) => Math.max(0, a),
    sigmoid: (a) => 1 / (1 + Math.exp(-a)),
    tanh: Math.tanh,
  };

  function decode(code) {
    let values = Float32Array.from(code);
    for (const { inputs, weights, biases, activation } of layers) {
      const f = activations[activation];
      const next = new Float32Array(biases.length);
      for (let unit = 0, index = 0; unit < next.length; unit++) {
        let sum = biases[unit];
        for (let input = 0; input < inputs; input++) sum += weights[index++] * values[input];
        next[unit] = f(sum);
      }
      values = next;
    }
    return values;
  }

  // ---- Parts that the explorers share.

  const make = (parent, tag, properties = {}, style = "") => {
    const element = Object.assign(document.createElement(tag), properties);
    element.style.cssText = style;
    parent.append(element);
    return element;
  };

  const still = figure.querySelector("img");
  const panel = document.createElement("div");
  panel.style.cssText = "display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start";
  still.replaceWith(panel);
  const said = document.createElement("output");
  said.setAttribute("aria-live", "polite");
  said.style.cssText = "display:block;min-height:3em;font-variant-numeric:tabular-nums";

  /* A 28 by 28 picture, 0 black and 1 white as everywhere in the course. */
  function picture(parent, name) {
    const box = make(parent, "div", {}, "width:140px;text-align:center");
    const canvas = make(box, "canvas", { width: 28, height: 28 },
      "width:140px;height:140px;image-rendering:pixelated;border:1px solid #808080;background:#000");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    make(box, "div", { textContent: name });
    const context = canvas.getContext("2d");
    const data = context.createImageData(28, 28);
    return (values) => {
      for (let j = 0; j < 784; j++) {
        const grey = Math.round(255 * Math.min(1, Math.max(0, values[j])));
        data.data.set([grey, grey, grey, 255], 4 * j);
      }
      context.putImageData(data, 0, 0);
    };
  }

  function slider(parent, name, low, high, step, value, onInput) {
    const label = make(parent, "label", {}, "display:block");
    make(label, "span", { textContent: name });
    const input = make(label, "input", { type: "range", min: low, max: high, step },
      "display:block;width:100%;min-height:24px;margin:0");
    input.value = value;
    input.addEventListener("input", onInput);
    return input;
  }

  function choice(parent, name, options, value, onChange) {
    const label = make(parent, "label", {}, "display:inline-block;margin-right:1rem");
    make(label, "span", { textContent: `${name} ` });
    const select = make(label, "select", {}, "min-height:28px;min-width:3.5em;font:inherit");
    options.forEach((text, index) => make(select, "option", { value: index, textContent: text }));
    select.value = value;
    select.addEventListener("change", onChange);
    return select;
  }

  // At most one redraw for each frame of the screen, however fast a finger moves.
  function oncePerFrame(draw) {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; draw(); });
    };
  }

  const fixed = (value) => value.toFixed(2).replace("-", "\u2212");
  const names = spec.names;

  // ---- The plane: drag a point among the codes.

  function plane() {
    const codes = new Float32Array(bytes(spec.codes));
    const labels = new Uint8Array(bytes(spec.labels));
    const { low, high } = spec;
    const point = spec.start.slice();
    const left = make(panel, "div", {}, "flex:1 1 280px;max-width:460px;min-width:0");
    const canvas = make(left, "canvas", { tabIndex: 0 },
      "display:block;width:100%;aspect-ratio:1;touch-action:none;cursor:crosshair;border:1px solid #808080;background:#fff");
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Plane of codes. Arrow keys move the point, with Shift in larger steps.");
    make(left, "div", { textContent:
      "Across: code unit 1. Up: code unit 2. Drag the point, or press arrow keys (with Shift: larger steps)." },
      "font-size:0.9em");
    const right = make(panel, "div", {}, "flex:1 1 200px;max-width:300px");
    const show = picture(right, "decoded");
    const sliders = [0, 1].map((axis) => slider(right, `code unit ${axis + 1}`, low[axis], high[axis],
      (high[axis] - low[axis]) / 200, point[axis], (event) => { point[axis] = Number(event.target.value); draw(); }));
    right.append(said);

    const where = (code, size) => [0, 1].map((axis) => {
      const share = (code[axis] - low[axis]) / (high[axis] - low[axis]);
      return size * (axis ? 1 - share : share);
    });
    const scatter = document.createElement("canvas");

    function drawScatter() {
      const size = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
      canvas.width = canvas.height = scatter.width = scatter.height = size;
      const context = scatter.getContext("2d");
      context.font = `600 ${Math.max(8, size / 50)}px sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      labels.forEach((label, i) => {
        context.fillStyle = spec.colours[label];
        context.fillText(spec.glyphs[label], ...where(codes.subarray(2 * i, 2 * i + 2), size));
      });
      draw();
    }

    function nearest() {
      let best = Infinity, found = 0;
      for (let i = 0; i < labels.length; i++) {
        const distance = Math.hypot(codes[2 * i] - point[0], codes[2 * i + 1] - point[1]);
        if (distance < best) { best = distance; found = i; }
      }
      return [names[labels[found]], best];
    }

    const draw = oncePerFrame(() => {
      const context = canvas.getContext("2d");
      const size = canvas.width, [x, y] = where(point, size), radius = size / 45;
      context.clearRect(0, 0, size, size);
      context.drawImage(scatter, 0, 0);
      // Dark on light on dark: seen on any ground.
      for (const [width, colour] of [[7, "#fff"], [3, "#000"]]) {
        context.lineWidth = width * size / 460;
        context.strokeStyle = colour;
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.stroke();
      }
      show(decode(point));
      sliders.forEach((input, axis) => { input.value = point[axis]; });
      const [name, distance] = nearest();
      said.textContent = `Code (${fixed(point[0])}, ${fixed(point[1])}). ` +
        `The nearest code shown: ${name}, ${fixed(distance)} away.`;
    });

    function move(x, y) {
      [x, y].forEach((value, axis) => { point[axis] = Math.min(high[axis], Math.max(low[axis], value)); });
      draw();
    }
    function follow(event) {
      const box = canvas.getBoundingClientRect();
      const shares = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
      move(...shares.map((share, axis) => low[axis] + share * (high[axis] - low[axis])));
    }
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); follow(event); });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) follow(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
      if (!direction || event.ctrlKey || event.altKey || event.metaKey) return;
      // Else the page scrolls, and JupyterLab goes to the next cell.
      event.preventDefault();
      event.stopPropagation();
      const share = event.shiftKey ? 0.1 : 0.01;
      move(...point.map((value, axis) => value + direction[axis] * share * (high[axis] - low[axis])));
    });
    new ResizeObserver(drawScatter).observe(canvas);
  }

  // ---- The path: a straight line between two codes.

  function path() {
    const codes = new Float32Array(bytes(spec.codes));
    const images = new Uint8Array(bytes(spec.images));
    const size = codes.length / names.length;
    const row = (array, width, i) => array.subarray(i * width, (i + 1) * width);
    const controls = make(panel, "div", {}, "flex:1 1 200px;max-width:300px");
    const start = choice(controls, "from", names, spec.start[0], () => draw());
    const end = choice(controls, "to", names, spec.start[1], () => draw());
    const share = slider(controls, "share of the way", 0, 1, 0.01, 0.5, () => draw());
    controls.append(said);
    const show = picture(panel, "decoded");
    const fade = picture(panel, "cross-fade");
    const draw = oncePerFrame(() => {
      const t = Number(share.value);
      const mix = (array, width, scale) => {
        const a = row(array, width, Number(start.value)), b = row(array, width, Number(end.value));
        return Float32Array.from(a, (value, i) => ((1 - t) * value + t * b[i]) / scale);
      };
      show(decode(mix(codes, size, 1)));
      fade(mix(images, 784, 255));
      said.textContent = `${Math.round(100 * t)} % of the way from ${names[start.value]} to ${names[end.value]}.`;
    });
    draw();
  }

  // ---- The noise: how much of it the denoiser takes.

  function noise() {
    const images = new Uint8Array(bytes(spec.images));
    const normal = new Int8Array(bytes(spec.noise)); // in steps of 1/32 standard deviation
    const controls = make(panel, "div", {}, "flex:1 1 200px;max-width:300px");
    const chosen = choice(controls, "image", names, spec.start[0], () => draw());
    const level = slider(controls, "standard deviation of the noise", 0, 1, 0.01, 0.5, () => draw());
    controls.append(said);
    const noisy = picture(panel, "noisy");
    const denoised = picture(panel, "denoised");
    const psnr = (a, b) => {
      const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
      return squares ? `${(10 * Math.log10(784 / squares)).toFixed(1)} dB` : "no error";
    };
    const draw = oncePerFrame(() => {
      const std = Number(level.value), first = 784 * Number(chosen.value);
      const clean = Float32Array.from(images.subarray(first, first + 784), (value) => value / 255);
      const corrupted = clean.map((value, j) => Math.min(1, Math.max(0, value + std * normal[first + j] / 32)));
      const output = decode(corrupted);
      noisy(corrupted);
      denoised(output);
      said.textContent = `Standard deviation ${fixed(std)}. PSNR of the noisy image ${psnr(corrupted, clean)}, ` +
        `of the denoised one ${psnr(output, clean)}.`;
    });
    draw();
  }

  figure.aelib = { decode, inputs: layers[0].inputs };
  ({ plane, path, noise })[spec.kind]();
})

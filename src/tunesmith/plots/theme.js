"use strict";
// What report and dashboard share: how a figure is shown, and its colours on dark ground.
globalThis.tunesmithFigures = (() => {
  const options = {
    responsive: true,
    displaylogo: false,
    displayModeBar: "hover",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    // Plotly offers to send the chart to its makers' servers; the data of a study stay here.
    showSendToCloud: false,
    plotlyServerURL: "",
  };

  const narrow = window.matchMedia("(max-width: 500px)");

  const bright = (color) => (color === "#0072B2" ? "#56B4E9" : color);

  // A figure's own colours suit any ground; here the ground is known.
  function themed(figure, onDark) {
    const { data, layout } = structuredClone(figure);
    const grid = onDark ? "#363c43" : "#dfe4e9";
    layout.font.color = onDark ? "#cdd3d9" : "#3b434b";
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)).map((key) => layout[key]);
    if (layout.scene) {
      axes.push(layout.scene.xaxis, layout.scene.yaxis, layout.scene.zaxis);
      // A finger that scrolls the page past the box must not be caught by it.
      if (narrow.matches) layout.scene.dragmode = false;
    }
    for (const axis of axes) {
      Object.assign(axis, { gridcolor: grid, zerolinecolor: grid });
      if (narrow.matches && axis.title) axis.title.font = { size: 11 };
    }
    for (const trace of data) {
      // The blue of finished trials is too dark for dark ground; this is the other blue of the same palette.
      for (const part of onDark ? [trace.line, trace.marker] : []) {
        if (!part) continue;
        if (Array.isArray(part.color)) part.color = part.color.map(bright);
        else part.color = bright(part.color);
      }
      // The best trials stand out: dark on light ground, bright on dark ground.
      const scaled = { parcoords: trace.line, scatter: trace.marker, contour: trace, heatmap: trace }[trace.type];
      // A shading without a scale is made for either ground.
      if (onDark && scaled?.colorscale && trace.showscale !== false) scaled.reversescale = !scaled.reversescale;
    }
    return { data, layout };
  }

  return { options, themed };
})();

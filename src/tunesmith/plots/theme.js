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

  // A figure's own colours suit any ground; here the ground is known.
  function themed(figure, onDark) {
    const { data, layout } = structuredClone(figure);
    const grid = onDark ? "#363c43" : "#dfe4e9";
    layout.font.color = onDark ? "#cdd3d9" : "#3b434b";
    for (const name of ["xaxis", "yaxis"]) {
      if (layout[name]) Object.assign(layout[name], { gridcolor: grid, zerolinecolor: grid });
    }
    for (const trace of data) {
      // The blue of finished trials is too dark for dark ground; this is the other blue of the same palette.
      for (const part of onDark ? [trace.line, trace.marker] : []) {
        if (part && part.color === "#0072B2") part.color = "#56B4E9";
      }
      // The best trials stand out: dark on light ground, bright on dark ground.
      if (trace.type === "parcoords" && onDark) trace.line.reversescale = !trace.line.reversescale;
    }
    return { data, layout };
  }

  return { options, themed };
})();

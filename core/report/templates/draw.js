for (const part of document.querySelectorAll("script[data-chart]")) {
  const { figure, config } = JSON.parse(part.textContent);
  Plotly.newPlot(part.dataset.chart, figure.data, figure.layout, config);
}

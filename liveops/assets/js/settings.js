// The settings of `window.liveops`.

export const settings = {
  logLinesMax: 1000,
  labels: {},
};

/*
 * The colours of the levels: Okabe and Ito's, which those who see few colours can tell apart, in the order in which
 * neighbours differ most, and lighter for the dark page. The text on a bar is black or white, whichever is clearer.
 */

const LIGHT = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a400", "#6b6b6b"];
const DARK = ["#4ba3dd", "#f0b440", "#31c49a", "#e59bc4", "#9ad6f7", "#ff8b4d", "#ece25a", "#a8a8a8"];

function luminance(color) {
    const [r, g, b] = [1, 3, 5].map(at => {
        const c = parseInt(color.slice(at, at + 2), 16) / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const on = color => luminance(color) > 0.22 ? "#111111" : "#ffffff";

function theme(levels, rest) {
    return { levels, onLevels: levels.map(on), ...rest };
}

export const light = theme(LIGHT, {
    page: "#ffffff", panel: "#f6f7f9", text: "#1d2330", muted: "#5d6675", line: "#dfe3e9", strong: "#aab2bf",
    ready: "#c3c9d2", blocked: "#8a93a1", accent: "#b3261e", lane: "#f3f5f8",
});
export const dark = theme(DARK, {
    page: "#14171c", panel: "#1b1f26", text: "#e7eaef", muted: "#9aa4b2", line: "#2b313b", strong: "#515b69",
    ready: "#4a5361", blocked: "#79838f", accent: "#ff8a80", lane: "#1a1e25",
});

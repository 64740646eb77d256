/* What part of the time all charts of a page show: from..to in microseconds, within `full`. */

const CLOSEST = 5; // microseconds: a record is 0.1 us exact

export class View {
    constructor(full) {
        this.full = full;
        this.from = full[0];
        this.to = full[1];
        this.listeners = [];
    }

    get length() { return this.to - this.from; }
    get whole() { return this.full[1] - this.full[0]; }

    show(from, to) {
        const length = Math.min(Math.max(to - from, Math.min(CLOSEST, this.whole)), this.whole);
        const middle = (from + to) / 2;
        from = Math.min(Math.max(middle - length / 2, this.full[0]), this.full[1] - length);
        this.from = from;
        this.to = from + length;
        for (const listener of this.listeners) listener();
    }

    all() { this.show(...this.full); }

    extend(full) {
        const wasAll = this.length >= this.whole * 0.999;
        this.full = full;
        if (wasAll) this.all();
        else this.show(this.from, this.to);
    }

    pan(share) { this.show(this.from + share * this.length, this.to + share * this.length); }

    zoom(factor, at = (this.from + this.to) / 2) {
        this.show(at - (at - this.from) / factor, at + (this.to - at) / factor);
    }

    /** So that from..to is seen, and is wide enough to be looked at. */
    reveal(from, to) {
        const length = to - from;
        if (length < this.length / 300) {
            const wide = Math.max(length * 12, CLOSEST * 4);
            this.show((from + to) / 2 - wide, (from + to) / 2 + wide);
        } else if (from < this.from || to > this.to) {
            const shown = Math.max(this.length, length * 1.2);
            this.show((from + to) / 2 - shown / 2, (from + to) / 2 + shown / 2);
        }
    }
}

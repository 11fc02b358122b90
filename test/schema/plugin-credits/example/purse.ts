/** Why the purse said no. */
export interface NotEnough {
  needed: number;
  left: number;
}

/** Credits that are held until they are posted or voided. */
export interface Hold {
  id: number;
  credits: number;
}

/** What a price tells the books beside its number. */
export interface Units {
  units: number;
}

/** A purse in memory that writes down everything that is asked of it, in order. */
export class Purse {
  left: number;
  readonly journal: string[] = [];
  /** Set to make the next post or void fail. */
  postError: Error | undefined;
  voidError: Error | undefined;
  #holds = 0;

  constructor(left = 100) {
    this.left = left;
  }

  reserve(credits: number, field: string, detail?: Units): Hold | NotEnough {
    if (credits > this.left) {
      this.journal.push(`refuse ${credits} ${field}`);

      return { needed: credits, left: this.left };
    }

    this.#holds += 1;
    this.left -= credits;
    this.journal.push(`reserve ${credits} ${field}${detail ? ` (${detail.units} units)` : ''}`);

    return { id: this.#holds, credits };
  }

  post(hold: Hold): void {
    if (this.postError) {
      throw this.postError;
    }

    this.journal.push(`post ${hold.credits} #${hold.id}`);
  }

  void(hold: Hold, why: string): void {
    if (this.voidError) {
      throw this.voidError;
    }

    this.left += hold.credits;
    this.journal.push(`void ${hold.credits} #${hold.id}: ${why}`);
  }

  /** For a resolver's own steps, so that their order among the purse's can be seen. */
  note(step: string): void {
    this.journal.push(step);
  }
}

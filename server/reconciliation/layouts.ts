/** How vendors lay out what they bill: which columns say the day, the model, how much of it, and the amount. */

/** Names of a bill's columns; the first of each that the file has counts. */
export interface BillLayout {
  readonly date: readonly string[];
  readonly model: readonly string[];
  /** Left out where a bill does not say how much it is of. */
  readonly quantity: readonly string[];
  readonly amount: readonly string[];
  /** What of the model's cell names the model. */
  readonly modelOf?: (text: string) => string;
}

/** What any file may have: `date,model,quantity,amount`, and other words for the same. */
const GENERIC: BillLayout = {
  date: ['date', 'day', 'usage_date', 'timestamp', 'created_at'],
  model: ['model', 'model_id', 'endpoint', 'sku', 'item', 'product'],
  quantity: ['quantity', 'units', 'count', 'requests', 'usage', 'billable_units'],
  amount: ['amount', 'cost', 'amount_usd', 'cost_usd', 'total', 'price'],
};

/** Vendors whose exports have names of their own. */
const VENDORS: Readonly<Record<string, Partial<BillLayout>>> = {
  // A line of a cost export is "gpt-image-2, image output": one model has several.
  openai: {
    date: ['start_time_iso', 'start_time'],
    model: ['line_item'],
    amount: ['amount_value'],
    modelOf: (text) => text.split(',', 1)[0]?.trim() ?? text,
  },
  pika: { model: ['endpoint_id'], quantity: ['billable_units'] },
};

/** Parts of a bill whose columns can be named. */
export const BILL_PARTS = ['date', 'model', 'quantity', 'amount'] as const;

/** One of them. */
export type BillPart = (typeof BILL_PARTS)[number];

/** The layout of a vendor's bills, with columns that somebody has named before all others. */
export function layoutOf(provider: string, named: Readonly<Partial<Record<BillPart, string>>>): BillLayout {
  const vendor = Object.hasOwn(VENDORS, provider) ? VENDORS[provider] : undefined;
  const of = (part: BillPart) => {
    const name = named[part];
    return name === undefined ? [...(vendor?.[part] ?? []), ...GENERIC[part]] : [name];
  };
  return {
    date: of('date'),
    model: of('model'),
    quantity: of('quantity'),
    amount: of('amount'),
    ...(vendor?.modelOf ? { modelOf: vendor.modelOf } : {}),
  };
}

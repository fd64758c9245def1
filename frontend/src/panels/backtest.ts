/** Back-tests as the API tells them. */

export interface BackTestRow {
  id: number;
  state: "waiting" | "running" | "done" | "cancelled" | "failed";
  reason: string;
  days: number;
  total: number;
  done: number;
  since: string | null;
  summary: Summary | null;
}

export interface Day {
  day: string;
  fired: number;
  messages: number;
}

export interface Summary {
  events: number;
  left_out: number;
  fired: number;
  messages: number;
  held: Record<string, number>;
  per_day: Day[];
  items: { key: string; fired: number }[];
  people: {
    username: string;
    name: string;
    messages: number;
    most_a_day: number;
    published: number;
    difference: number;
  }[];
  text: string[];
}

export function isGoing(row: BackTestRow | null): boolean {
  return row?.state === "waiting" || row?.state === "running";
}

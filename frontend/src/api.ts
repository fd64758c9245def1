/** Requests to Baton. Numbers come and go with every digit they have. */
import { isObject, jsonFormat, jsonParse, type Json, type JsonObject } from "./json";

export interface Problem {
  pointer: string;
  code: string;
  message: string;
  severity?: "error" | "warning";
}

/** Those that keep a rule from being published; the others are for a person to weigh. */
export function errorsOf(problems: readonly Problem[]): Problem[] {
  return problems.filter((each) => each.severity !== "warning");
}

/** Baton refused, or could not be reached (`status` 0). */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly data: JsonObject,
  ) {
    super(detail);
  }

  get problems(): Problem[] {
    return (this.data["problems"] ?? []) as unknown as Problem[];
  }
}

/** Whether asking again may help: Baton was away, or in trouble. */
export function mayPass(error: ApiFailure): boolean {
  return error.status === 0 || error.status >= 500;
}

export type Api = <Answer>(method: "GET" | "POST" | "PATCH", path: string, body?: unknown) => Promise<Answer>;

/** `root` is the address of the API, with its last slash. */
export function apiAt(root: string): Api {
  return async <Answer>(method: string, path: string, body?: unknown) => {
    const headers: Record<string, string> = { Accept: "application/json" };
    // Read now: another tab may have signed in meanwhile.
    if (method !== "GET") headers["X-CSRFToken"] = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    let text: string;
    try {
      response = await fetch(root + path, { method, headers, ...(body !== undefined && { body: jsonFormat(body) }) });
      text = await response.text();
    } catch {
      throw new ApiFailure(0, "", {});
    }
    const data = dataOf(text);
    if (!response.ok) {
      const told = isObject(data) ? data : {};
      throw new ApiFailure(response.status, String(told["detail"] ?? response.statusText), told);
    }
    return data as Answer;
  };
}

function dataOf(text: string): Json {
  try {
    return jsonParse(text);
  } catch {
    return null;
  }
}

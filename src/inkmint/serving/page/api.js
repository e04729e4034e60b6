// What the page asks of inkmint. Addresses are relative, so that it also works behind a path of another server.

import { answered, didNotAnswer } from "./connection.js";

/** A refusal or a silence; its message is a sentence for people. */
export class ApiError extends Error {}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    didNotAnswer();
    throw new ApiError("inkmint does not answer; see whether `inkmint serve` is still running.");
  }
  answered();
  let content;
  try {
    content = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(`inkmint gave an answer that cannot be read (status ${response.status}).`);
  }
  if (!response.ok) throw new ApiError(content.error ?? `inkmint refused, with status ${response.status}.`);
  return content;
}

export function getJson(path, signal) {
  return ask(path, { signal });
}

export function postJson(path, content, signal) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", body: JSON.stringify(content), headers, signal });
}

export function postFile(path, blob, signal) {
  const headers = { "Content-Type": blob.type || "application/octet-stream" };
  return ask(path, { method: "POST", body: blob, headers, signal });
}

/**
 * Only the latest request counts: a new call gives up the one before.
 * @param {(signal: AbortSignal, ...values) => Promise} request
 * @returns {(...values) => Promise} its answer, or undefined if it was overtaken
 */
export function latest(request) {
  let controller = null;
  return async (...values) => {
    controller?.abort();
    const mine = (controller = new AbortController());
    try {
      const answer = await request(mine.signal, ...values);
      return mine.signal.aborted ? undefined : answer;
    } catch (error) {
      if (mine.signal.aborted) return undefined;
      throw error;
    }
  };
}

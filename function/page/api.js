// Questions to the function. Whoever is signed in is the browser's business: it asks for name and
// password itself when the function answers 401, and sends them along from then on.

const SLOW = 1000; // ms, after which it is said that it takes a while
const LONGEST = 120000; // ms, after which nothing is waited for any more; typing a password counts

/** What went wrong, in a sentence, and the fields that are to blame. */
export class Refused extends Error {
  constructor(sentence, errors = [], status = 0) {
    super(sentence);
    this.errors = errors;
    this.status = status;
  }
}

/** Ask, and give the response; `slow` is called when it takes a while. */
export async function ask(path, { body, type = "application/json", accept = "application/json", slow } = {}) {
  const abort = new AbortController();
  const longest = setTimeout(() => abort.abort(), LONGEST);
  const timer = slow && setTimeout(slow, SLOW);
  // The page's own, and not the browser's: so the sentences fit the page, and the curl line.
  const headers = { Accept: accept, "Accept-Language": document.documentElement.lang };
  if (body !== undefined) headers["Content-Type"] = type;
  try {
    // A page that was opened as http://name:password@host may ask for no address with these in it.
    const response = await fetch(new URL(path, location.href), {
      method: body === undefined ? "GET" : "POST",
      headers,
      body,
      credentials: "same-origin",
      signal: abort.signal,
    });
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text);
    return text;
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(
      abort.signal.aborted
        ? "The function did not answer within two minutes. Try again."
        : "The function cannot be reached. Check the connection, and try again.",
    );
  } finally {
    clearTimeout(longest);
    clearTimeout(timer);
  }
}

export async function json(path, options) {
  const text = await ask(path, options);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused("What answered is not the function, but something before it. Check the connection, and try again.");
  }
}

export function post(path, document, slow) {
  return json(path, { body: JSON.stringify(document), slow });
}

function refusal(status, text) {
  let problem;
  try {
    problem = JSON.parse(text);
  } catch {
    // Not from the function but from something before it; the status has to do.
  }
  if (status === 401) {
    return new Refused("You are not signed in: the name or the password is wrong, or none was given. " +
      "Press the button again, and your browser asks anew.", [], status);
  }
  return new Refused(problem?.detail || `The function answered with status ${status}. Try again.`, problem?.errors, status);
}

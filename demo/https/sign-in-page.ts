import type { ServiceAnswer } from './exchange.ts'

/** A form for name and password, which is sent to where it came from. */
export function signInPage(service: string, username: string, problem: string): ServiceAnswer {
  return page(
    200,
    `<h1>Sign in to ${escapeHtml(service)}</h1><p role="alert">${escapeHtml(problem)}</p><form method="post">
<label>User name <input name="username" value="${escapeHtml(username)}" required></label>
<label>Password <input name="password" type="password" required></label>
<button>Sign in</button> <button name="cancel" value="1" formnovalidate>Cancel</button></form>`,
  )
}

/** `content` is HTML. */
export function page(status: number, content: string): ServiceAnswer {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated sign-in</title><body>${content}</body></html>`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }, body }
}

/** Back to the application, with the answer in the query. */
export function redirect(redirectUri: string, state: string | null, values: Record<string, string>): ServiceAnswer {
  const target = new URL(redirectUri)
  for (const [name, value] of Object.entries(values)) target.searchParams.set(name, value)
  if (state !== null) target.searchParams.set('state', state)
  return { status: 302, headers: { location: target.href, 'cache-control': 'no-store' }, body: undefined }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

import { signInFacts, type SignInQuery } from '../../sync/sign-in/sign-in-facts.ts'
import { type Finding, signInFindings } from '../../sync/sign-in/sign-in-findings.ts'
import { type Command, ExitCode } from './command.ts'

export interface ExplainedSignIn extends SignInQuery {
  /** DN of the one person that the name means; null when there is nobody, or several. */
  readonly person: string | null
  readonly findings: readonly Finding[]
}

/** `rosterd explain NAME --bind-from ADDRESS`: why somebody can or cannot sign in. */
export const explainSignInCommand: Command<SignInQuery, ExplainedSignIn> = {
  name: 'explain-sign-in',
  async execute({ directory, config, providers, engine, passThrough, clock }, query) {
    const explain = (name: string) => engine.explain(name)
    const facts = await signInFacts(query, { directory, config, providers, explain, passThrough, clock })
    const [person, another] = facts.people
    return {
      ...query,
      person: person === undefined || another !== undefined ? null : person.entry.dn,
      findings: signInFindings(facts),
    }
  },
  text({ name, person, findings }) {
    const lines = findings.map(({ effect, text }) => `  ${marks[effect]} ${text}`)
    const who = person ?? name
    const summary = isStopped(findings)
      ? `${who} cannot sign in:`
      : `Nothing here stops ${who}: it is for the password to decide.`
    return `${[summary, ...lines].join('\n')}\n`
  },
  exitCode: ({ findings }) => (isStopped(findings) ? ExitCode.failed : ExitCode.ok),
}

const marks: Readonly<Record<Finding['effect'], string>> = { stops: 'STOPS', note: 'note ', fine: 'fine ' }

function isStopped(findings: readonly Finding[]): boolean {
  return findings.some(({ effect }) => effect === 'stops')
}

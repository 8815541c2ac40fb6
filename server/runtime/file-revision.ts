import { stat } from 'node:fs/promises'

/** Another text whenever one of the files has changed. */
export async function fileRevision(files: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'missing',
      ),
    ),
  )
  return marks.join(' ')
}

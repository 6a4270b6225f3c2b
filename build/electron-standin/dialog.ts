import { BrowserWindow } from './browser-window.ts';
import type { Question, Reply } from './page-side.ts';
import { strict } from './strict.ts';

/** `dialog`: asked over the page, where a path is typed; tests answer beforehand. */

interface FileOptions {
  title?: string;
  defaultPath?: string;
  properties?: string[];
}

interface MessageOptions {
  message: string;
  detail?: string;
  buttons?: string[];
  cancelId?: number;
}

/** An answer given beforehand: paths (none: cancelled), or the number of the button. */
export type DialogAnswer = readonly string[] | number;

const answers: DialogAnswer[] = [];

export function answerNextDialog(answer: DialogAnswer): void {
  answers.push(answer);
}

async function ask(window: unknown, question: Question): Promise<Reply> {
  const contents = BrowserWindow.contentsOf(window);
  return contents === null ? { button: question.cancelId, path: '' } : contents.ask(question);
}

async function askPaths(
  window: unknown,
  { title = '', defaultPath = '' }: FileOptions,
  detail: string,
): Promise<string[]> {
  const answer = answers.shift();
  if (Array.isArray(answer)) return answer;
  const buttons = ['OK', 'Cancel'];
  const { button, path } = await ask(window, { message: title, detail, buttons, path: defaultPath, cancelId: 1 });
  return button === 0 && path !== '' ? path.split('\n') : [];
}

export const dialog = strict('dialog', {
  async showOpenDialog(window: unknown, options: FileOptions): Promise<{ canceled: boolean; filePaths: string[] }> {
    const filePaths = await askPaths(window, options, 'Path of the file (in the preview, paths are typed)');
    return { canceled: filePaths.length === 0, filePaths };
  },
  async showSaveDialog(window: unknown, options: FileOptions): Promise<{ canceled: boolean; filePath: string }> {
    const [filePath = ''] = await askPaths(window, options, 'Path of the new file (in the preview, paths are typed)');
    return { canceled: filePath === '', filePath };
  },
  async showMessageBox(window: unknown, options: MessageOptions): Promise<{ response: number }> {
    const answer = answers.shift();
    if (typeof answer === 'number') return { response: answer };
    const { message, detail = '', buttons = ['OK'], cancelId = 0 } = options;
    const { button } = await ask(window, { message, detail, buttons, path: null, cancelId });
    return { response: button };
  },
  showErrorBox(title: string, content: string): void {
    process.stderr.write(`${title}: ${content}\n`);
  },
});

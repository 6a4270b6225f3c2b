import type { Progress } from '../../shared/jobs.ts';
import { bytes, count, note } from './terminal.ts';

/** Shows progress on stderr: a bar on a terminal, one JSON line a second with `--json`, else nothing. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Says in words what is being done, where there is nothing to count. */
  say(text: string): void;
  end(): void;
}

const BAR_CELLS = 24;

const STEP_WORDS: Readonly<Record<Progress['step'], string>> = {
  read: 'Reading',
  label: 'Labelling',
  analyse: 'Analysing',
  verify: 'Verifying',
  print: 'Printing',
  seal: 'Sealing',
};

function barLine(progress: Progress): string {
  const {
    step,
    bytes: done,
    bytesTotal,
    packets,
    flows,
    bytesPerSecond,
    packetsPerSecond,
    secondsLeft,
    file,
    files,
  } = progress;
  if (bytesTotal === 0 || (step !== 'read' && step !== 'verify')) return `${STEP_WORDS[step]} …`;
  const share = Math.min(1, done / bytesTotal);
  const filled = Math.round(share * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const parts = [
    `${STEP_WORDS[step]} ${bar} ${Math.floor(share * 100)} %`,
    files > 1 ? `file ${file} of ${files}` : '',
    `${bytes(done)} of ${bytes(bytesTotal)}`,
    step === 'read' ? `${count(packets)} packets, ${count(flows)} flows` : '',
    `${bytes(bytesPerSecond)}/s${packetsPerSecond >= 1 ? `, ${count(Math.round(packetsPerSecond))} packets/s` : ''}`,
    secondsLeft === null ? '' : `${Math.ceil(secondsLeft)} s left`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

class Bar implements ProgressDisplay {
  #shown = false;

  #line(text: string): void {
    const width = process.stderr.columns || 80;
    note(`\r\x1b[2K${text.slice(0, width - 1)}`);
    this.#shown = true;
  }

  show(progress: Progress): void {
    this.#line(barLine(progress));
  }

  say(text: string): void {
    this.#line(`${text} …`);
  }

  end(): void {
    if (this.#shown) note('\r\x1b[2K');
    this.#shown = false;
  }
}

class JsonLines implements ProgressDisplay {
  #last = 0;

  show(progress: Progress): void {
    const now = performance.now();
    if (now - this.#last < 1000) return;
    this.#last = now;
    note(`${JSON.stringify({ progress })}\n`);
  }

  say(text: string): void {
    note(`${JSON.stringify({ progress: { step: text } })}\n`);
  }

  end(): void {
    this.#last = 0;
  }
}

const SILENT: ProgressDisplay = { show: () => undefined, say: () => undefined, end: () => undefined };

export function progressDisplay(json: boolean): ProgressDisplay {
  if (json) return new JsonLines();
  return process.stderr.isTTY ? new Bar() : SILENT;
}

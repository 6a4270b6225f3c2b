import { type DragEvent, useRef, useState } from 'react';

/** Files and folders that are dropped on the window. */

export interface FileDrop {
  /** Whether files are held over the window. */
  readonly isOver: boolean;
  /** What an element needs to take them. */
  readonly dropTarget: {
    readonly onDragEnter: (event: DragEvent) => void;
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: () => void;
    readonly onDrop: (event: DragEvent) => void;
  };
}

function holdsFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes('Files');
}

/** @param onPaths takes the paths of what was dropped, one or more */
export function useFileDrop(onPaths: (paths: readonly string[]) => void): FileDrop {
  const [isOver, setOver] = useState(false);
  // Every element that is passed tells of an entry, and of a leaving after it.
  const depth = useRef(0);
  return {
    isOver,
    dropTarget: {
      onDragEnter(event) {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth.current++;
        setOver(true);
      },
      onDragOver(event) {
        if (holdsFiles(event)) event.preventDefault();
      },
      onDragLeave() {
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(false);
      },
      onDrop(event) {
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        const paths = window.enclave.pathsOf([...event.dataTransfer.files]).filter((path) => path !== '');
        if (paths.length > 0) onPaths(paths);
      },
    },
  };
}

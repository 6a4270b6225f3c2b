import { type ReactNode, useLayoutEffect, useRef } from 'react';

/** A dialog over the window; Escape and a click outside close it. */
export function Modal(props: {
  label: string;
  className?: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  // A dialog gives the focus back when it is closed, but only while it is still in the page: hence a layout effect.
  useLayoutEffect(() => {
    const { current } = dialog;
    if (current !== null && !current.open) current.showModal();
    return () => current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={props.className ?? ''}
      aria-label={props.label}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      <div className="dialog-body">{props.children}</div>
    </dialog>
  );
}

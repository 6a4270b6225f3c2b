import { type ReactNode, useLayoutEffect, useRef } from 'react';

/** A dialog over the window; Escape closes it, and so does a click outside, unless it is `isFirm`: it may hold much work. */
export function Modal(props: {
  label: string;
  className?: string;
  isFirm?: boolean;
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
        if (event.target === dialog.current && props.isFirm !== true) props.onClose();
      }}
    >
      <div className="dialog-body">{props.children}</div>
    </dialog>
  );
}

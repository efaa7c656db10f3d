/** A command that an administrator sends. */

import type { ReceiptMessage, Target } from '@rankd/protocol';
import { checkArgument, checkOptions } from '../arguments/check-argument.js';
import { adminOrderRules, orderRule } from '../arguments/rules.js';
import type { CommandResult } from '../commands/sheet.js';

/** A command that an administrator sends (R-ADMIN-1). */
export interface AdminOrder {
  /** The name of the command. */
  readonly name: string;
  /** The arguments as JSON text. The text itself is sent, so numbers keep all their digits. Default: no arguments. */
  readonly argsJson?: string | undefined;
  /** Which members receive the command. A list has at most 1000 entries. */
  readonly to: Target;
  /**
   * How long recipients may take, ms, at least 1. Default: 5000. The server reduces it to RANKD_DEADLINE_MAX_MS (60 000 by
   * default) if it is larger.
   */
  readonly deadlineMs?: number | undefined;
  /** Called with the receipt, whether the server accepted the command or not. */
  readonly onReceipt: (receipt: ReceiptMessage) => void;
  /** Called with the result of each recipient when it arrives, and with its value as the recipient wrote it. */
  readonly onResult: (result: CommandResult, valueJson: string | undefined) => void;
}

/** @throws RankdError BAD_ARGUMENT */
export function checkOrder(order: AdminOrder): void {
  checkArgument('the order', order, orderRule);
  checkOptions('command', order, adminOrderRules);
  for (const name of ['name', 'onReceipt', 'onResult'] as const)
    checkArgument(name, order[name], adminOrderRules[name]);
}

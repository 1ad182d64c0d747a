// SPDX-License-Identifier: Apache-2.0
// The smallest machine that is one: a boot sector that says what a system says while it starts, counts its starts on the second
// disk, powers down by its power button, and counts that too. It boots in a second, also under emulation.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

export interface TinyMachine {
  /** How long it says nothing after its kernel's first line, in ticks of 55 ms; at most 255. */
  readonly kernelTicks?: number;
  /** The same after Ignition's line. */
  readonly ignitionTicks?: number;
  /** Does not hear its power button. */
  readonly deaf?: boolean;
  /** Goes no further than Ignition until {@link releaseTiny}. */
  readonly held?: boolean;
}

/** Puts the disk image into a cache; the digest that QemuMachine takes. */
export function tinyMachine(cacheDir: string, options: TinyMachine = {}): string {
  const { kernelTicks = 0, ignitionTicks = 0, deaf = false, held = false } = options;
  const image = Buffer.alloc(1 << 20);
  Buffer.from(CODE, "hex").copy(image);
  image.set([kernelTicks, ignitionTicks, deaf ? 1 : 0, held ? 1 : 0], PARAMETERS);
  let end = CODE.length / 2;
  for (const line of [KERNEL, IGNITION, UP]) end += image.write(`${line}\r\n\0`, end, "latin1");
  image.set([0x55, 0xaa], 510);
  const sha512 = createHash("sha512").update(image).digest("hex");
  const blobs = join(cacheDir, "blobs/sha512");
  mkdirSync(blobs, { recursive: true });
  if (!existsSync(join(blobs, sha512))) writeFileSync(join(blobs, sha512), image);
  return sha512;
}

/** What it has written to its second disk. */
export function tinyCounts(disk: string): { readonly starts: number; readonly powerDowns: number } {
  const file = openSync(disk, "r");
  const bytes = Buffer.alloc(2);
  readSync(file, bytes, 0, 2, 0);
  closeSync(file);
  return { starts: bytes[0] ?? 0, powerDowns: bytes[1] ?? 0 };
}

/** Lets a machine go on that is held: it looks at its second disk. */
export function releaseTiny(disk: string): void {
  const file = openSync(disk, "r+");
  writeSync(file, Buffer.from([1]), 0, 1, 2);
  closeSync(file);
}

const KERNEL = "Linux version 6.1-tiny";
const IGNITION = "Ignition (files): tiny";
const UP = "Reached target multi-user.target";

/** Where the code has its parameters. */
const PARAMETERS = 3;

/**
 * Real mode, loaded at 0x7c00, assembled from:
 *
 *     start:  jmp begin; .byte 0; kernel_ticks: .byte 0; ignition_ticks: .byte 0; deaf: .byte 0; held: .byte 0
 *     begin:  xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00; sti; cld
 *             mov si, kernel_text; call say; mov cl, [kernel_ticks]; call pause
 *             mov si, ignition_text; call say; mov cl, [ignition_ticks]; call pause
 *             test byte [held], 1; jz go
 *     hold:   hlt; mov ax, 0x0201; call sector; jc go; test byte [0x8002], 1; jz hold
 *     go:     mov bp, 0; call count; mov si, up_text; call say
 *             mov dx, 0x602; mov ax, 0x100; out dx, ax    ; PM1 enable: the power button (ACPI 4.8.3.1)
 *             mov dx, 0x600                               ; PM1 status, where SeaBIOS puts q35's
 *     wait:   hlt; in ax, dx; test ah, 1; jz wait; test byte [deaf], 1; jnz wait
 *             mov bp, 1; call count
 *             mov dx, 0x604; mov ax, 0x2000; out dx, ax   ; PM1 control: sleep
 *     stop:   hlt; jmp stop
 *     count:  mov ax, 0x0201; call sector; jc none; inc byte [bp + 0x8000]; mov ax, 0x0301
 *     sector: mov bx, 0x8000; mov cx, 1; mov dx, 0x81; int 0x13
 *     none:   ret
 *     pause:  xor ch, ch; jcxz none
 *     again:  mov al, [0x46c]                             ; the BIOS's ticks
 *     same:   hlt; cmp [0x46c], al; je same; loop again; ret
 *     say:    lodsb; test al, al; jz none; mov dx, 0x3f8; out dx, al; jmp say
 */
const CODE =
  "eb05000000000031c08ed88ec08ed0bc007cfbfcbeb07ce88b008a0e037ce873" +
  "00bec97ce87e008a0e047ce86600f606067c017410f4b80102e84c007207f606" +
  "02800174f0bd0000e82e00bee27ce85400ba0206b80001efba0006f4edf6c401" +
  "74f9f606057c0175f2bd0100e80a00ba0406b80020eff4ebfdb80102e8090072" +
  "12fe860080b80103bb0080b90100ba8100cd13c330ede3fba06c04f43a066c04" +
  "74f9e2f4c3ac84c074e9baf803eeebf5";

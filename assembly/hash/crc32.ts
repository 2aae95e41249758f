/** CRC-32 of IEEE 802.3, as MS-NLMP 3.4.4.1 uses it: reflected, polynomial 0xedb88320. */
export function crc32(data: usize, length: i32): u32 {
  return crc32Update(0, data, length);
}

/** Goes on from the CRC of what came before; 0 before the first byte. */
export function crc32Update(crc: u32, data: usize, length: i32): u32 {
  crc = ~crc;
  for (const end = data + <usize>length; data < end; data++) {
    crc ^= load<u8>(data);
    crc = (crc >> 4) ^ load<u32>(TABLE + ((crc & 15) << 2));
    crc = (crc >> 4) ^ load<u32>(TABLE + ((crc & 15) << 2));
  }
  return ~crc;
}

// half a byte at a time: the whole table fits one cache line, so that the message leaves no trace in it
const TABLE: usize = memory.data<u32>([
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
  0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
], 64);

// A Worker that does nothing, to be subtracted.
export default {
  async fetch() {
    return new Response(new Uint8Array(40));
  },
};

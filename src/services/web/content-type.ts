/** Media types by the extension of a name (RFC 9110 8.3). */
import mime from 'mime';

const DEFAULT_TYPE = 'application/octet-stream';

/** Text is taken to be UTF-8, as names are. */
export function contentType(name: string): string {
  // mime takes a bare "html" for an extension; a name without a dot has none.
  const extension = /[^/]\.(?<extension>[^./]+)$/.exec(name)?.groups!['extension'];
  const type = (extension === undefined ? null : mime.getType(extension)) ?? DEFAULT_TYPE;
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

/** Compressed by their own format: nobody puts a .gz beside them. */
const COMPRESSED =
  /^(?:audio\/|video\/|image\/(?!svg|bmp|x-ms-bmp|vnd\.microsoft\.icon)|font\/woff|application\/(?:gzip|zip|zstd|java-archive|x-(?:7z|bzip|rar|xz)|vnd\.rar|vnd\.openxml|epub))/;

export function isCompressedFormat(type: string): boolean {
  return COMPRESSED.test(type);
}

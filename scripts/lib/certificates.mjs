// Makes certificates in PEM form with Web Cryptography, without openssl or another program. This file reads and writes no files.
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import x509 from '@peculiar/x509';

const { subtle } = webcrypto;
const DAY_MS = 86_400_000;
/** The curves, by their names in openssl. */
const curves = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
const newKeyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' };

/** Returns a new CA: its certificate and its key. */
export async function createCa({ name, days }) {
  const keys = await subtle.generateKey(newKeyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validFor(days),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pemOf(certificate, keys);
}

/**
 * Returns a certificate with a new key for a server (`usage: 'serverAuth'`) or a client. `ca` signs it: { cert, key }, both in
 * PEM form.
 */
export async function createCertificate({ ca, name, usage, hosts = [], days }) {
  const issuer = new x509.X509Certificate(ca.cert);
  const keys = await subtle.generateKey(newKeyAlgorithm, true, ['sign', 'verify']);
  const names = hosts.map(alternativeName);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca).catch(error => {
      throw new Error(`the key of the CA cannot be used: ${error.message}`);
    }),
    ...validFor(days),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...authorityOf(issuer),
    ],
  });
  return pemOf(certificate, keys);
}

/**
 * Returns a host as a subject alternative name: { type, value }, where `type` is 'ip' or 'dns'.
 * @throws RangeError if it is neither a name nor an address
 */
export function alternativeName(host) {
  const family = host.includes('%') ? 0 : isIP(host);
  if (family === 4) return { type: 'ip', value: host };
  // The library accepts only colons and hexadecimal digits, so ::ffff:192.0.2.1 must be converted.
  if (family === 6) return { type: 'ip', value: new URL(`http://[${host}]`).hostname.slice(1, -1) };
  const value = domainToASCII(host);
  // Check the text too: URL completes a partial address such as 10.1, and ignores everything around the host.
  if (value === '' || isIP(value) !== 0 || /[/?#@:\\]/.test(host)) {
    throw new RangeError(`"${host}" is neither the name of a host nor an IP address`);
  }
  return { type: 'dns', value };
}

function validFor(days) {
  const notBefore = new Date();
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * DAY_MS) };
}

/** Returns the extension that identifies the issuer of a certificate, by the issuer's key identifier. */
function authorityOf(issuer) {
  const identifier = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  return identifier === null ? [] : [new x509.AuthorityKeyIdentifierExtension(identifier.keyId)];
}

/** Imports the unencrypted EC or RSA key of a CA. Another program may have made it. */
async function importKey({ cert, key: pem }) {
  const key = createPrivateKey(pem);
  if (!new X509Certificate(cert).checkPrivateKey(key)) throw new Error('the key does not belong to the certificate');
  const curve = curves[key.asymmetricKeyDetails.namedCurve];
  if (key.asymmetricKeyType !== 'rsa' && curve === undefined) throw new Error('the key is neither EC nor RSA');
  const algorithm = curve === undefined ? { name: 'RSASSA-PKCS1-v1_5' } : { name: 'ECDSA', namedCurve: curve };
  const bytes = key.export({ type: 'pkcs8', format: 'der' });
  return subtle.importKey('pkcs8', bytes, { ...algorithm, hash: 'SHA-256' }, false, ['sign']);
}

async function pemOf(certificate, { privateKey }) {
  const key = x509.PemConverter.encode(await subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  return { cert: `${certificate.toString('pem')}\n`, key: `${key}\n` };
}

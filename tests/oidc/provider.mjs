// npm's oidc-provider: `node provider.mjs own-url client secret`; says its port on its first line.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [own, client, secret] = process.argv.slice(2);
const ROLES = { ann: ['radiologists'], cook: ['kitchen'] };

const server = createServer((request, response) => handle(request, response));
let handle;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://localhost:${port}`, {
    clients: [
      {
        client_id: client,
        client_secret: secret,
        redirect_uris: [`${own}/api/session/oidc/callback`],
        post_logout_redirect_uris: [`${own}/`],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'roles'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['only for tests'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, roles: ROLES[id] ?? [] }),
    }),
  });
  handle = provider.callback();
  process.stdout.write(`${port}\n`);
});

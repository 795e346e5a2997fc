// A certified OpenID provider for the tests: one client, any login with its groups, its own development pages for signing in.
// node provider.mjs PORT REDIRECT_URI SECRET
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , port, back, secret] = process.argv;
const found = createRequire(pathToFileURL(`${process.cwd()}/`)).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'countermand', client_secret: secret, redirect_uris: [back], response_types: ['code'],
    grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_basic',
  }],
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  async findAccount(ctx, id) {
    // Who signs in as "carla+authors+readers" is carla, of two groups.
    const [name, ...groups] = id.split('+');
    return { accountId: id, async claims() { return { sub: name, preferred_username: name, email: `${name}@example.org`, groups }; } };
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));

// A real sign-in service on this machine, for tests: oidc-provider, which is certified for OpenID Connect. It listens on
// a port that the system chooses, prints its issuer as a line, and ends with its standard input.
//
//   node provider.mjs REDIRECT_URI POST_LOGOUT_URI SECRET
//
// Whoever signs in says who they are by the form that it shows: any password is taken. What is known of them is told by
// ACCOUNTS below.
import http from 'node:http'
import { Provider } from 'oidc-provider'

const [redirectUri, postLogoutUri, secret] = process.argv.slice(2)

const ACCOUNTS = {
  ana: { groups: ['Desk staff'], clearance: 'TLP:AMBER', organisations: ['ORG-A'] },
  root: { groups: ['Admins', 'Desk staff'], clearance: 'TLP:RED', organisations: ['*'] },
  nobody: { groups: ['Canteen'], clearance: 'TLP:RED', organisations: ['*'] },
}

const server = http.createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'headwater',
        client_secret: secret,
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [postLogoutUri],
      },
    ],
    claims: { openid: ['sub', 'groups', 'clearance', 'organisations'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: [secret] },
  })
  const serve = provider.callback()
  // What it was asked for, path and status alone, so that a test can count.
  server.on('request', (request, response) => {
    response.on('finish', () => console.error(`${request.method} ${request.url.split('?')[0]} ${response.statusCode}`))
    serve(request, response)
  })
  console.log(issuer)
})
process.stdin.on('end', () => process.exit(0)).resume()

// A small shop of two services in one file: `app.cjs backend` answers prices, `app.cjs frontend` asks the backend for each request.
const http = require('node:http');

const [, , role, port, backendUrl] = process.argv;

function price(_request, response) {
  const failed = Math.random() < 0.02;
  response.writeHead(failed ? 500 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ price: 12.5 }));
}

function page(_request, response) {
  http
    .get(`${backendUrl}/price`, (answer) => {
      answer.resume();
      answer.on('end', () => response.writeHead(answer.statusCode).end('a page'));
    })
    .on('error', (error) => response.writeHead(502).end(String(error)));
}

http.createServer(role === 'backend' ? price : page).listen(Number(port), '127.0.0.1');

// SPDX-License-Identifier: GPL-2.0
//
// node_client.js [HOST PORT COUNT AUTO-SELECT-FAMILY]...: fetches a file on COUNT connections, one after the other, for each
// four arguments. Prints a line for each: the attempts to connect, and the complete answers.

const net = require('node:net');

const words = process.argv.slice(2);

function fetch(port, host, select, attempted) {
	return new Promise((resolve) => {
		let answer = '';
		const socket = net.connect({ host, port, autoSelectFamily: select, autoSelectFamilyAttemptTimeout: 3000 });

		socket.on('connectionAttempt', attempted);
		socket.on('connect', () => socket.write('GET /file HTTP/1.0\r\n\r\n'));
		socket.on('data', (data) => { answer += data; });
		socket.on('error', () => {});
		socket.on('close', () => resolve(answer.endsWith('\r\n\r\ncontent\n')));
	});
}

async function main() {
	while (words.length > 0) {
		const [host, port, count, select] = words.splice(0, 4);
		let attempts = 0;
		let answers = 0;

		for (let n = 0; n < Number(count); n++)
			answers += await fetch(Number(port), host, select === 'true', () => attempts++);
		console.log(attempts, answers);
	}
}

main();

// The reference server of tus on a free port of this machine: prints the port; keeps files in a folder.
import { Server } from "@tus/server";
import { FileStore } from "@tus/file-store";

const datastore = new FileStore({ directory: process.argv[2], expirationPeriodInMilliseconds: 60_000 });
const server = new Server({ path: "/files", datastore, maxSize: 20_000_000, relativeLocation: true });
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(listening.address().port));

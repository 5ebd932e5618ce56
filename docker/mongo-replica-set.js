// Makes a MongoDB replica set of the members that REPLICA_SET_MEMBERS names, as `host:port,…`,
// unless they are one, and waits until it has a primary. Run by mongosh on one member, which says
// what the set is called. It may be run again.

const members = process.env.REPLICA_SET_MEMBERS.split(",");

try {
  db.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  const options = db.adminCommand({ getCmdLineOpts: 1 }).parsed;
  rs.initiate({
    _id: options.replication.replSet,
    members: members.map((host, _id) => ({ _id, host })),
  });
}

const deadline = Date.now() + 60_000;
while (!db.hello().primary) {
  if (Date.now() > deadline) throw new Error("no primary after 60 s; ask a member: rs.status()");
  sleep(200);
}
print(`the primary is ${db.hello().primary}`);

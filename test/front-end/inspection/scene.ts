/** A front-end with its boards on one clock: TCP with a client by hand, the data link with fake boards. */
import { statusOf, type FrontEndStatus } from '../../../src/front-end/inspection/status.js';
import type { TraceEvent } from '../../../src/front-end/inspection/trace.js';
import type { AtcpSocket } from '../../../src/front-end/tcp/socket.js';
import { World } from '../delegation/world.js';
import { Peer, Rig, settle } from '../rig.js';

export class Scene {
  readonly rig = new Rig();
  readonly world: World;
  readonly peer: Peer;
  readonly heard: TraceEvent[] = [];
  socket: AtcpSocket | undefined;

  /** `before`: what is done to the world before it starts. */
  constructor(boards: number, before: (world: World) => void = () => {}) {
    this.world = new World(boards, { trace: this.rig.host.trace });
    before(this.world);
    this.world.start();
    this.rig.nowUs = this.world.nowUs();
    this.rig.host.trace.listen((event) => this.heard.push(event));
    this.rig.serve((socket) => {
      this.socket = socket;
      socket.resume();
      socket.on('error', () => undefined);
    });
    this.peer = new Peer(this.rig);
  }

  async connect(): Promise<AtcpSocket> {
    this.peer.connect();
    await settle();
    return this.socket!;
  }

  /** Time passes for boards and front-end alike; nothing comes from the client. */
  pass(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.rig.nowUs = this.world.nowUs() + 1000;
      this.world.run(1);
      this.rig.batch();
    }
  }

  status(): FrontEndStatus {
    return statusOf(this.rig.host, this.world.backEnds, this.rig.nowUs);
  }
}

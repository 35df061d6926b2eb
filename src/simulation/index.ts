/** Deterministic simulation: one seed, one plan, one result. */
export { ladderLine } from './ladder.js';
export { demandsSuccess, type Plan } from './plan.js';
export { planFromSeed } from './plan-from-seed.js';
export { runPool, type PoolOptions } from './pool.js';
export { addResult, emptyResult, type Failure, type Result } from './result.js';
export { shrink } from './shrink.js';
export { simulate, type SimulationOptions } from './simulation.js';

#ifndef MUTANT_SWITCH_H
#define MUTANT_SWITCH_H

/// Number of the mutant that is alive in this process, from SLUICE_MUTANT; 0 for none.
extern int mutant_alive;
/// One byte for each mutant, mapped from the file that SLUICE_MUTANT_HITS names; null where none is recorded.
extern unsigned char *mutant_hits;

/// Whether the mutant is alive; records that its place was reached.
static inline _Bool mutant_is(int number) {
  if (__builtin_expect(mutant_hits != 0, 0)) mutant_hits[number] = 1;
  return number == mutant_alive;
}

#endif

#include "MutantSwitch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int mutant_alive = 0;
unsigned char *mutant_hits = 0;

// Before any Swift code: constants at file scope are mutants too.
__attribute__((constructor)) static void choose(void) {
  const char *alive = getenv("SLUICE_MUTANT");
  if (alive) mutant_alive = atoi(alive);
  const char *path = getenv("SLUICE_MUTANT_HITS");
  int file = path ? open(path, O_RDWR) : -1;
  struct stat status;
  if (file < 0) return;
  if (fstat(file, &status) == 0 && status.st_size > 0) {
    void *bytes = mmap(0, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes != MAP_FAILED) mutant_hits = bytes;
  }
  close(file);
}

/* Runs a command several times, one after the other, and prints the wall time
   of each run, from before the fork to after the exit.

     build/bench/spawn RUNS COMMAND ... */
#include "engine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run (char **argv) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    execvp(argv[0], argv);
    _exit(127);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

int main (int argc, char **argv) {
  if (argc < 3) return 2;
  int runs = atoi(argv[1]);
  printf("[");
  for (int i = 0; i < runs; i++) {
    double begun_s = engine_now_s();
    if (run(argv + 2) != 0) return 1;
    printf("%s%.3f", i ? "," : "", (engine_now_s() - begun_s) * 1e3);
  }
  printf("]\n");
  return 0;
}

/* The least that a ranking of 500 candidates can be: gather three numbers of each out of a table, add them up, take the best 20.
 * No variety, no caps, no reasons. Prints CPU microseconds per ranking.   cc -O2 blend.c -lm && ./a.out STATUSES */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { candidates = 500, slate = 20, rounds = 20000 };

static double cpu(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    int statuses = count > 1 ? atoi(arguments[1]) : 10000;
    float *affinity = malloc(statuses * sizeof *affinity), *likes = malloc(statuses * sizeof *likes), *age = malloc(statuses * sizeof *age);
    int row[candidates];
    unsigned long state = 11, picked = 0;
    for (int i = 0; i < statuses; i++) {
        state = state * 6364136223846793005ul + 1442695040888963407ul;
        affinity[i] = (state >> 40) % 100 / 100.0f;
        likes[i] = (state >> 20) % 200;
        age[i] = (state >> 50) % 9000;
    }
    for (int i = 0; i < candidates; i++) row[i] = (int)((long)i * 7919 % statuses);
    double start = cpu();
    for (int round = 0; round < rounds; round++) {
        float best[slate];
        int filled = 0;
        for (int i = 0; i < candidates; i++) {
            int r = row[i];
            float score = 0.4f * affinity[r] + 0.3f * log1pf(likes[r]) + 0.3f * exp2f(-(age[r] + round % 7) / 360);
            if (filled == slate && score <= best[slate - 1]) continue;
            int place = filled < slate ? filled++ : slate - 1;
            while (place > 0 && best[place - 1] < score) { best[place] = best[place - 1]; place--; }
            best[place] = score;
        }
        picked += best[0] > 0;
    }
    printf("blend %f\n", (cpu() - start) / rounds * 1e6);
    return picked == 42;
}

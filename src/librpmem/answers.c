/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static struct answer *at(struct answers *answers, unsigned number)
{
	return &answers->ring[(answers->first + number) % ANSWERS_MAX];
}

void answers_fini(struct answers *answers)
{
	for (unsigned i = 0; i < ANSWERS_MAX; i++)
		free(answers->ring[i].bytes);
}

static int make_room(struct answer *answer, size_t limit)
{
	if (answer->room >= limit)
		return 0;
	uint8_t *bytes = realloc(answer->bytes, limit);
	if (!bytes)
		return err_set(-ENOMEM, "out of memory for a reply");
	answer->bytes = bytes;
	answer->room = limit;
	return 0;
}

int answers_expect(struct answers *answers, const struct control_head *head, size_t limit)
{
	if (!answers->expected)
		answers->first = 0; /* no reply is expected: use the first element again */
	if (answers->expected == ANSWERS_MAX)
		return err_set(-EAGAIN, "%u requests are still unanswered: no more can be sent",
			ANSWERS_MAX);
	struct answer *answer = at(answers, answers->expected);
	int rc = make_room(answer, limit);
	if (rc)
		return rc;
	answer->head = *head;
	answer->limit = limit;
	answers->expected++;
	return 0;
}

bool answers_put(struct answers *answers, const struct control_head *head, const uint8_t *body)
{
	struct answer *answer = at(answers, answers->arrived);

	if (answers->arrived == answers->expected || head->id != answer->head.id ||
		head->type != (answer->head.type | CONTROL_REPLY) || head->length > answer->limit)
		return false;
	if (head->length)
		memcpy(answer->bytes, body, head->length);
	answer->length = head->length;
	answers->arrived++;
	return true;
}

const struct answer *answers_take(struct answers *answers)
{
	const struct answer *answer = at(answers, 0);

	answers->first = (answers->first + 1) % ANSWERS_MAX;
	answers->expected--;
	answers->arrived--;
	return answer;
}

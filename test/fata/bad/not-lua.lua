unikernel: x
  http: yes
